/** Ends of hues in degrees of HSL, upwards. */
const HUES: [number, string][] = [[14, 'red'], [42, 'orange'], [68, 'yellow'], [165, 'green'], [195, 'turquoise'], [258, 'blue'], [310, 'purple'], [340, 'pink'], [361, 'red']];

/** What a person would call a colour, '#804020': 'brown', 'dark blue', 'light grey'. */
export function colourName(hex: string): string {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [high, low] = [Math.max(r, g, b), Math.min(r, g, b)];
  const light = (high + low) / 2;
  const chroma = high - low;
  if (light < 0.08) return 'black';
  if (light > 0.94) return 'white';
  // Below this an eye sees a tinted grey.
  if (chroma < 0.1) return light < 0.3 ? 'dark grey' : light > 0.7 ? 'light grey' : 'grey';
  const sixth = high === r ? ((g - b) / chroma + 6) % 6 : high === g ? (b - r) / chroma + 2 : (r - g) / chroma + 4;
  const hue = HUES.find(([end]) => sixth * 60 < end)![1];
  // Dark orange has a name of its own, and so has what is between it and grey.
  if (hue === 'orange' && light < 0.45) return light < 0.22 ? 'dark brown' : 'brown';
  if (hue === 'orange' && chroma < 0.35) return 'beige';
  return light < 0.28 ? `dark ${hue}` : light > 0.72 ? `light ${hue}` : hue;
}
