import { spawn } from 'node:child_process';
import { once } from 'node:events';

const [WIDTH, HEIGHT] = [192, 108];
/** Ticks of a frame: 24 frames a second. */
export const TICKS = 512;

/** The first frame of each shot, 12 to 24 frames long, and how many frames there are. */
export function patternShots(count: number): { truth: number[]; frames: number } {
  const truth: number[] = [];
  let frames = 0;
  for (let shot = 0; shot < count; shot++) {
    truth.push(frames);
    frames += 12 + ((shot * 7) % 13);
  }
  return { truth, frames };
}

/** A film whose every shot is a pattern of its own that moves a little. */
export async function makePatternFilm(file: string, count: number): Promise<void> {
  const { truth, frames } = patternShots(count);
  const ffmpeg = spawn(process.env.BACKLOT_FFMPEG ?? 'ffmpeg', ['-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${WIDTH}x${HEIGHT}`, '-r', '24', '-i', '-', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-g', '24', '-pix_fmt', 'yuv420p', '-video_track_timescale', String(24 * TICKS), file], { stdio: ['pipe', 'ignore', 'inherit'] });
  let seed = 7;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let shot = 0; shot < count; shot++) {
    const colours = Array.from({ length: 12 * 24 }, () => random() * 220 + 20);
    for (let frame = truth[shot]!; frame < (truth[shot + 1] ?? frames); frame++) {
      const picture = Buffer.alloc(WIDTH * HEIGHT * 3);
      for (let y = 0; y < HEIGHT; y++) {
        for (let x = 0; x < WIDTH; x++) {
          const block = Math.floor(y / 18) * 16 + (Math.floor((x + (frame - truth[shot]!)) / 24) % 16);
          for (let channel = 0; channel < 3; channel++) picture[(y * WIDTH + x) * 3 + channel] = colours[(block * 3 + channel) % colours.length]!;
        }
      }
      if (!ffmpeg.stdin.write(picture)) await once(ffmpeg.stdin, 'drain');
    }
  }
  ffmpeg.stdin.end();
  const [code] = (await once(ffmpeg, 'close')) as [number];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}
