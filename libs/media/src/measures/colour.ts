const { cbrt, hypot, max, min, round } = Math;

/** Which numbers turn the master's Y'CbCr into R'G'B': BT.601 of standard definition, BT.709 of all else. */
export type Matrix = 'bt601' | 'bt709';

/** A colour as 15 bits: 5 of luma, 5 of each chroma (62..189 in steps of 4, grey among them: what lies outside is held to the edge). */
export const CODES = 32768;

const chroma = (value: number): number => (value < 62 ? 0 : value > 189 ? 31 : (value - 62) >> 2);
export const codeOf = (y: number, u: number, v: number): number => ((y >> 3) << 10) | (chroma(u) << 5) | chroma(v);

/** Linear RGB of a BT.709 / sRGB screen, each 0..1, in turn for each code. */
export function linearOfCodes(matrix: Matrix): Float32Array {
  const [rv, gu, gv, bu] = matrix === 'bt709' ? [1.793, 0.213, 0.533, 2.112] : [1.596, 0.391, 0.813, 2.018];
  const out = new Float32Array(3 * CODES);
  for (let code = 0; code < CODES; code++) {
    const y = 1.164 * ((code >> 10) * 8 + 3.5 - 16);
    const u = ((code >> 5) & 31) * 4 - 64;
    const v = (code & 31) * 4 - 64;
    out[3 * code] = linear((y + rv * v) / 255);
    out[3 * code + 1] = linear((y - gu * u - gv * v) / 255);
    out[3 * code + 2] = linear((y + bu * u) / 255);
  }
  return out;
}

/** sRGB's transfer curve (IEC 61966-2-1): what screens make of the numbers. */
const linear = (c: number): number => (c <= 0 ? 0 : c >= 1 ? 1 : c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const curved = (c: number): number => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);

export const hexOf = (r: number, g: number, b: number): string =>
  `#${[r, g, b].map((c) => round(255 * min(1, max(0, curved(c)))).toString(16).padStart(2, '0')).join('')}`;

/** OKLab (Ottosson 2020) of linear RGB: equal distances look about equally far apart. */
export function okLab(r: number, g: number, b: number): [number, number, number] {
  const l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
}

/** Chromaticity of linear RGB, CIE 1931. */
function chromaticity(r: number, g: number, b: number): { x: number; y: number } {
  const X = 0.4124564 * r + 0.3575761 * g + 0.1804375 * b;
  const Y = 0.2126729 * r + 0.7151522 * g + 0.072175 * b;
  const Z = 0.0193339 * r + 0.119192 * g + 0.9503041 * b;
  const sum = X + Y + Z;
  return { x: X / sum, y: Y / sum };
}

/** Chromaticity of a black body, Kim et al. (2002), for 1667 to 25000 K. */
function blackBody(kelvin: number): { x: number; y: number } {
  const t = 1000 / kelvin;
  const x = kelvin < 4000 ? ((-0.2661239 * t - 0.234358) * t + 0.8776956) * t + 0.17991 : ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.24039;
  const [a, b, c, d] = kelvin < 2222 ? [-1.1063814, -1.3481102, 2.18555832, -0.20219683] : kelvin < 4000 ? [-0.9549476, -1.37418593, 2.09137015, -0.16748867] : [3.081758, -5.8733867, 3.75112997, -0.37001483];
  return { x, y: ((a * x + b) * x + c) * x + d };
}

/** CIE 1960 (u, v). */
const uv = ({ x, y }: { x: number; y: number }): [number, number] => [(4 * x) / (12 * y - 2 * x + 3), (6 * y) / (12 * y - 2 * x + 3)];

/** Farther from the black body than this a colour is a tint, not a white. CIE 15 allows .05; half of it still looks plainly green or pink. */
const FARTHEST = 0.02;

/**
 * Correlated colour temperature of light of this mean colour in kelvin, by McCamy's formula (1992, within 2 K of its table from 2856 to
 * 6500 K). Undefined outside of 2000 to 12500 K and where the colour is farther than .02 from the black body (CIE 1960).
 */
export function colourTemperature(r: number, g: number, b: number): number | undefined {
  if (!(r + g + b > 0)) return undefined;
  const seen = chromaticity(r, g, b);
  const n = (seen.x - 0.332) / (0.1858 - seen.y);
  const kelvin = ((449 * n + 3525) * n + 6823.3) * n + 5520.33;
  if (!(kelvin >= 2000 && kelvin <= 12500)) return undefined;
  const [here, there] = [uv(seen), uv(blackBody(kelvin))];
  return hypot(here[0] - there[0], here[1] - there[1]) <= FARTHEST ? kelvin : undefined;
}
