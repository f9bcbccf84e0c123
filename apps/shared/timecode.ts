/**
 * SMPTE timecode of a frame counted from 0. At 29.97 and 59.94 it is drop-frame (SMPTE ST 12-1: the labels 00 and 01,
 * at 59.94 00 to 03, are left out each minute except every tenth) and written with a semicolon.
 */
export function timecode(frame: number, rate: number): string {
  const nominal = Math.max(1, Math.round(rate));
  const drops = (nominal === 30 || nominal === 60) && Math.abs(rate - (nominal * 1000) / 1001) < 0.005;
  let label = frame;
  if (drops) {
    const perMinute = nominal / 15;
    const tenMinutes = nominal * 600 - perMinute * 9;
    const [tens, rest] = [Math.floor(frame / tenMinutes), frame % tenMinutes];
    label += perMinute * 9 * tens;
    if (rest >= nominal * 60) label += perMinute * (1 + Math.floor((rest - nominal * 60) / (nominal * 60 - perMinute)));
  }
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = Math.floor(label / nominal);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${drops ? ';' : ':'}${two(label % nominal)}`;
}
