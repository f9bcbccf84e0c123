import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { connect, type Database, newId, rows, type Scope } from '#libs/platform';
import { Exclusions } from '#libs/rights';
import { freePort } from '../../apps/cli/src/postgres.js';
import { type Product, startProduct } from '../../apps/cli/src/product.js';
import { addStudio } from '../../apps/cli/src/studios.js';

const browserProgram = process.env.BACKLOT_CHROMIUM;
const SHOTS = 10_000;
const FRAMES_OF_A_SHOT = 4;
const FRAMES = SHOTS * FRAMES_OF_A_SHOT;
/** From here on the film shows half as many frames a second: where a frame lies cannot be told from its number and the length of the film. */
const SLOWER = FRAMES / 2;
/** Ticks of 1/50 s from the first frame to this one. */
const ticks = (frame: number): number => 2 * frame + 2 * Math.max(0, frame - SLOWER);
/** As a detector that was unsure here would have left them. */
const unsure: Record<number, number> = { 9500: 0.1, 4200: 0.2 };

let folder: string;
let product: Product;
let database: Database;
let browser: Browser;
let scope: Scope;
let password: string;
const wrong: string[] = [];

/** A title as its analysis would have left it. Its film is given to the player by the test: a real one of this length is analysed for an hour. */
async function title(name: string, shots: number): Promise<string> {
  const [id, master, proxy] = [newId(), newId(), newId()];
  await database.inStudio(scope, async () => {
    await rows(`insert into title (id, studio_id, name, state) values ($1, $2, $3, 'ready')`, [id, scope.studioId, name]);
    await rows(`insert into master (id, studio_id, title_id, file_name, bytes, state) values ($1, $2, $3, 'film.mp4', 10, 'sealed')`, [master, scope.studioId, id]);
    await rows(`insert into sealed_object (id, studio_id, kind, scope_id, content_type, store_key, plain_bytes, sealed_bytes) values ($1, $2, 'proxy', $3, 'video/mp4', $4, 1, 1)`, [proxy, scope.studioId, id, proxy]);
    await rows(
      `insert into analysis (master_id, studio_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, decision_id, printed, proxy_object_id, proxy) values ($1, $2, $3, $4, '1/50', 0, $5, 64, 36, 'test', $6, true, $7, '{}')`,
      [master, scope.studioId, id, FRAMES, ticks(FRAMES), newId(), proxy],
    );
    await new Exclusions(database).register(scope, { titleId: id, rate: '20', even: false, timeBase: '1/50', times: Array.from({ length: FRAMES + 1 }, (_, frame) => ticks(frame)) });
    const all = Array.from({ length: shots }, (_, number) => ({ id: newId(), number, first: number * FRAMES_OF_A_SHOT, start: ticks(number * FRAMES_OF_A_SHOT), next: ticks((number + 1) * FRAMES_OF_A_SHOT), entry: number ? { kind: 'cut', confidence: unsure[number] ?? 0.9 } : { kind: 'start', confidence: 1 } }));
    await rows(
      `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, sentence)
       select id, $1, $2, $3, number, first, first + $4::int - 1, start, next, entry, '{"brightness":0.4}', 'Scene ' || number || '.' from jsonb_to_recordset($5) as s(id uuid, number int, first bigint, start bigint, next bigint, entry jsonb)`,
      [scope.studioId, id, master, FRAMES_OF_A_SHOT, JSON.stringify(all)],
    );
  });
  return id;
}

/** What the page asks the API for, by the name of the question, with how many shots were answered. */
interface Asked {
  pages: number;
  shots: number;
}

async function open(titleId: string, at = ''): Promise<{ page: Page; asked: Asked; until: (question: string) => Promise<void> }> {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => wrong.push(error.message));
  await page.route('**/proxy.m3u8', (route) => route.fulfill({ path: path.join(folder, 'film/film.m3u8'), contentType: 'application/vnd.apple.mpegurl' }));
  await page.route(/\.(mp4|m4s)$/, (route) => route.fulfill({ path: path.join(folder, 'film', path.basename(new URL(route.request().url()).pathname)), contentType: 'video/mp4' }));
  const asked = { pages: 0, shots: 0 };
  page.on('response', (response) => {
    if (!response.url().endsWith('/graphql') || !response.request().postData()?.includes('query TitleShots')) return;
    asked.pages++;
    void response.json().then((answer: { data: { title: { shots: { nodes: unknown[] } } } }) => (asked.shots += answer.data.title.shots.nodes.length), () => undefined);
  });
  const until = async (question: string): Promise<void> => {
    for (const end = Date.now() + 60_000; !(await page.evaluate<boolean>(question)); await sleep(30)) {
      if (Date.now() > end) throw new Error(`not within 20 s: ${question}; ${await page.evaluate<string>('document.querySelector("main")?.innerText')}`);
    }
  };
  await page.goto(`${product.url}/titles/${titleId}${at}`);
  await page.getByLabel('E-mail').fill('ines@northlight.example');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  return { page, asked, until };
}

const heading = (text: string): string => `[...document.querySelectorAll('h2')].some((one) => one.textContent === '${text}')`;
const frame = (number: number): string => `document.querySelector('[data-testid=frame]')?.textContent === '${number}'`;
/** The film rests on this frame, to the half of it. */
const rests = (number: number): string => `(() => { const film = document.querySelector('video'); return !film.seeking && film.currentTime > ${ticks(number) / 50} && film.currentTime < ${ticks(number + 1) / 50}; })()`;

const suite = browserProgram && existsSync(browserProgram) ? describe : describe.skip;

suite('a title of 10,000 shots, in a browser on the whole product (skipped without BACKLOT_CHROMIUM)', () => {
  let long: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'backlot-long-'));
    const film = path.join(folder, 'film');
    await mkdir(film);
    const ffmpeg = (...args: string[]): Promise<unknown> => promisify(execFile)(process.env.BACKLOT_FFMPEG ?? 'ffmpeg', ['-v', 'error', ...args], { cwd: film });
    for (const [part, rate] of [25, 12.5].entries()) {
      await ffmpeg('-f', 'lavfi', '-i', `color=c=0x305060:s=64x36:r=${rate}`, '-frames:v', String(SLOWER), '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '50', '-pix_fmt', 'yuv420p', '-video_track_timescale', '12800', `part${part}.mp4`);
    }
    await writeFile(path.join(film, 'parts.txt'), 'file part0.mp4\nfile part1.mp4\n');
    await ffmpeg('-f', 'concat', '-i', 'parts.txt', '-c', 'copy', '-f', 'hls', '-hls_time', '20', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4', 'film.m3u8');
    product = await startProduct({ settings: { BACKLOT_DATA: path.join(folder, 'data'), BACKLOT_PORT: String(await freePort()) } });
    database = await connect(product.databaseUrl, 2);
    const studio = await addStudio(database, product.dataDir, { name: 'Northlight', slug: 'northlight', members: [{ role: 'archivist', email: 'ines@northlight.example', name: 'Ines Okafor' }] });
    scope = { studioId: studio.id };
    password = studio.password;
    long = await title('Ten thousand shots', SHOTS);
    browser = await chromium.launch({ executablePath: browserProgram!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
  }, 420_000);

  afterAll(async () => {
    await browser?.close();
    await database?.close();
    await product?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('opens with a page of them; a later one is reached by scrolling, by its frame and by the keys, without those between', async () => {
    const { page, asked, until } = await open(long);
    await until(`${heading('Shot 1')} && document.querySelector('video').readyState >= 2`);
    await page.getByText('Zoom in to see its shots.').waitFor();
    await page.getByText('Scene 0.').first().waitFor();
    expect(asked).toEqual({ pages: 1, shots: 100 });

    await page.evaluate(`(() => { const list = document.querySelector('[data-testid=shots]'); scrollTo(0, list.getBoundingClientRect().top + scrollY + list.offsetHeight * 0.8999); })()`);
    await page.getByRole('button', { name: /^9000 Scene 8999\./ }).click();
    await until(`${heading('Shot 9000')} && ${frame(8999 * FRAMES_OF_A_SHOT)} && ${rests(8999 * FRAMES_OF_A_SHOT)}`);
    await page.keyboard.press('ArrowDown');
    await until(`${heading('Shot 9001')} && ${frame(9000 * FRAMES_OF_A_SHOT)}`);
    await page.keyboard.press('End');
    await until(`${heading('Shot 10000')} && ${frame(FRAMES - 1)} && ${rests(FRAMES - 1)}`);
    expect(await page.evaluate<number>(`document.querySelectorAll('[data-testid=shots] > *').length`)).toBeLessThan(40);
    // The beginning, what scrolling came to with its neighbours, and the end.
    expect(asked.pages).toBeLessThanOrEqual(6);
    expect(wrong).toEqual([]);
  }, 120_000);

  test('a frame in the address is shown exactly, with its shot, at a rate that varies', async () => {
    const { asked, until } = await open(long, '?frame=30001');
    await until(`${heading('Shot 7501')} && ${frame(30_001)} && ${rests(30_001)}`);
    expect(asked.pages).toBeLessThanOrEqual(5);
  }, 120_000);

  test('review with the keys goes to what is doubtful wherever it lies, and splits, merges, undoes and accepts there', async () => {
    const { page, until } = await open(long);
    await until(`${heading('Shot 1')} && document.querySelector('video').readyState >= 2`);
    const idle = `document.querySelector('[aria-label=Review]')?.ariaBusy === 'false'`;
    const at = (shot: number, first: number): Promise<void> => until(`document.querySelector('[data-testid=reviewing]')?.textContent.startsWith('Shot ${shot} begins at frame ${first}.') && ${idle}`);
    const status = (text: string): Promise<void> => until(`document.querySelector('[aria-label=Review] [role=status]')?.textContent === '${text}' && ${idle}`);
    const press = (key: string): Promise<void> => page.keyboard.press(key);

    await press('r');
    await at(9501, 38_000);
    await press('.');
    await at(9501, 38_001);
    // The shot before is of another page.
    await press('ArrowUp');
    await at(9500, 37_996);
    await press('m');
    await at(9499, 37_992);
    await status('1 of 9,999 reviewed');
    await press('n');
    await at(4201, 16_800);
    await until(frame(16_800));
    await press('ArrowRight');
    await until(frame(16_801));
    await press('s');
    await at(4202, 16_801);
    await status('2 of 10,000 reviewed');
    // A label is opened with its key, and left as it was.
    await press('3');
    await until(`document.activeElement?.tagName === 'SELECT'`);
    await press('Escape');
    await until(`document.activeElement?.tagName !== 'SELECT'`);
    await press('p');
    await at(4201, 16_800);
    await press('u');
    await status('1 of 9,999 reviewed');
    await press('u');
    await status('1 of 10,000 reviewed');
    await press('-');
    await press('-');
    await page.getByText('Accept all at least 85% sure').waitFor();
    await press('Shift+A');
    await status('9,999 of 10,000 reviewed');
    await press('n');
    await at(4201, 16_800);
    await press('a');
    await status('10,000 of 10,000 reviewed');
    const found = await database.inStudio(scope, () => rows<{ number: number; first: string }>(`select number, first_frame as first from shot where title_id = $1 order by number`, [long]));
    expect(found.map(({ number, first }) => [number, Number(first)])).toEqual(found.map((_, number) => [number, number * FRAMES_OF_A_SHOT + (number === 9500 ? 1 : 0)]));
    expect(found).toHaveLength(SHOTS);
    expect(wrong).toEqual([]);
  }, 240_000);

  test('its shots are described again: how far that is can be seen, and it can be cancelled', async () => {
    const { page, until } = await open(long);
    await until(heading('Shot 1'));
    const descriptions = page.getByRole('region', { name: 'Descriptions' });
    await descriptions.getByRole('button', { name: 'Describe again' }).click();
    await descriptions.getByRole('progressbar', { name: 'Describing shots' }).waitFor();
    await descriptions.getByRole('button', { name: 'Cancel' }).click();
    await descriptions.getByText('Cancelled: the shots that were described stay so.').waitFor();
    await descriptions.getByRole('button', { name: 'Describe again' }).waitFor();
    expect(wrong).toEqual([]);
  }, 120_000);

  test('says so where there are no shots, and where they cannot be had; trying again gets them', async () => {
    const none = await open(await title('No shots', 0));
    await none.page.getByText('No shot was found.').waitFor();
    const { page, until } = await open(long, '?frame=0');
    await until(heading('Shot 1'));
    await page.route('**/graphql', (route) => (route.request().postData()?.includes('query TitleShots') ? route.abort() : route.continue()));
    await page.keyboard.press('End');
    await page.getByRole('heading', { name: 'Backlot did not answer' }).waitFor();
    await page.unroute('**/graphql');
    await page.getByRole('button', { name: 'Try again' }).click();
    await until(heading('Shot 10000'));
  }, 120_000);
});
