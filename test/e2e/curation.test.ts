import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { connect, type Database, enqueueJob, FileStore, LocalKeys, newId, repositoryRoot, rows, type Scope, Vault } from '#libs/platform';
import { fillTemplate, readTemplate } from '#libs/rights';
import { Client, refused } from '../../apps/cli/src/demo/client.js';
import { onboardLicences } from '../../apps/cli/src/demo/loop.js';
import { freePort } from '../../apps/cli/src/postgres.js';
import { type Product, startProduct } from '../../apps/cli/src/product.js';
import { addStudio } from '../../apps/cli/src/studios.js';

const browserProgram = process.env.BACKLOT_CHROMIUM;
const SHOTS = 60;

let folder: string;
let product: Product;
let database: Database;
let browser: Browser;
let page: Page;
let scope: Scope;
let archivist: Client;
const wrong: string[] = [];

const until = async (question: string, seconds = 60): Promise<void> => {
  for (const end = Date.now() + seconds * 1000; !(await page.evaluate<boolean>(question)); await sleep(50)) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${question}; ${await page.evaluate<string>('document.querySelector("main")?.innerText')}`);
  }
};

/** A title whose shots show scene 0, 1, 2 …, each twice as fast as the one before, as its analysis would have left them. */
async function title(name: string, licences: string[], quality: number): Promise<string> {
  const { id } = await archivist.ask<{ id: string }>(`mutation ($input: TitleInput!) { createTitle(input: $input) { ... on Title { id } ${refused} } }`, { input: { name, licenceIds: licences } });
  const vault = new Vault(database, new FileStore(path.join(product.dataDir, 'vault')), new LocalKeys(path.join(product.dataDir, 'keys')));
  const pictures: string[] = [];
  for (let scene = 0; scene < 12; scene++) {
    const noise = Buffer.from(Array.from({ length: 6 * 4 * 3 }, (_, at) => (scene * 7919 + at * 104729) % 256));
    const jpeg = await sharp(noise, { raw: { width: 6, height: 4, channels: 3 } }).resize(320, 180, { kernel: 'cubic' }).jpeg().toBuffer();
    pictures.push((await vault.seal(scope, { kind: 'keyframe', scopeId: id, contentType: 'image/jpeg' }, Readable.from([jpeg]))).id);
  }
  const master = newId();
  await database.inStudio(scope, async () => {
    await rows(`insert into master (id, studio_id, title_id, file_name, bytes, state, sha256) values ($1, $2, $3, 'film.mp4', 10, 'sealed', $4)`, [master, scope.studioId, id, master.replaceAll('-', '')]);
    await rows(`insert into analysis (master_id, studio_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, decision_id, printed) values ($1, $2, $3, $4, '1/25', 0, $4, 1280, 720, 'test', $5, true)`, [master, scope.studioId, id, SHOTS * 100, newId()]);
    await rows(`update title set state = 'ready' where id = $1`, [id]);
    const shots = Array.from({ length: SHOTS }, (_, number) => ({
      id: newId(), number, hash: String((BigInt(number) * 0x9e3779b97f4a7c15n) & 0x7fffffffffffffffn), first: number * 100,
      measures: { brightness: 0.4, contrast: 0.2, motion: number, blur: 0.1, saturation: 0.3, blackFraction: 0, frozenFraction: 0, letterbox: { top: 0, bottom: 0, left: 0, right: 0 } },
      keyframes: [{ objectId: pictures[number % pictures.length], frame: number * 100 + 50, width: 320, height: 180 }],
    }));
    await rows(
      `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, sentence, keyframes)
       select id, $1, $2, $3, number, first, first + 99, first, first + 100, '{"kind":"cut","confidence":0.9}', measures, 'A scene.', keyframes from jsonb_to_recordset($4) as s(id uuid, number int, first bigint, measures jsonb, keyframes jsonb)`,
      [scope.studioId, id, master, JSON.stringify(shots)],
    );
    await rows(
      `insert into print (shot_id, studio_id, title_id, quality, measured_quality, content, hashes) select id, $1, $2, $3, $3, id::text, array[hash::bigint, hash::bigint] from jsonb_to_recordset($4) as s(id uuid, hash text)`,
      [scope.studioId, id, quality, JSON.stringify(shots.slice(0, 3))],
    );
    await rows(`insert into print_hash (shot_id, position, studio_id, hash) select id, p, $1, hash::bigint from jsonb_to_recordset($2) as s(id uuid, hash text) cross join generate_series(0, 1) p`, [scope.studioId, JSON.stringify(shots.slice(0, 3))]);
    await enqueueJob('duplicates', id, {}, `duplicates:${master}`);
  });
  return id;
}

const suite = browserProgram && existsSync(browserProgram) ? describe : describe.skip;

suite('filters and near-duplicates, in a browser on the whole product (skipped without BACKLOT_CHROMIUM)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'backlot-curation-'));
    product = await startProduct({ settings: { BACKLOT_DATA: path.join(folder, 'data'), BACKLOT_PORT: String(await freePort()) } });
    database = await connect(product.databaseUrl, 2);
    const { id: studioId, password } = await addStudio(database, product.dataDir, {
      name: 'Northlight',
      slug: 'northlight',
      members: [
        { role: 'archivist', email: 'ines@northlight.example', name: 'Ines Okafor' },
        { role: 'compliance', email: 'marta@northlight.example', name: 'Marta Lindqvist' },
      ],
    });
    scope = { studioId };
    archivist = new Client(product.url);
    const compliance = new Client(product.url);
    await archivist.signIn('ines@northlight.example', password);
    await compliance.signIn('marta@northlight.example', password);
    const template = readTemplate(await readFile(path.join(repositoryRoot, 'policies/templates/fine-tune.yaml'), 'utf8'));
    const licences = Object.values(await onboardLicences({ archivist, compliance }, { 'fine-tune': { name: 'Archive licence', licensor: 'Nobody', policy: fillTemplate(template, { licensee: `urn:uuid:${studioId}` }).policy } }));
    await title('The restored print', licences, 200_000);
    await title('The broadcast copy', licences, 100_000);
    browser = await chromium.launch({ executablePath: browserProgram!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
    page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => wrong.push(error.message));
    await page.goto(`${product.url}/datasets/filters`);
    await page.getByLabel('E-mail').fill('ines@northlight.example');
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  }, 420_000);

  afterAll(async () => {
    await browser?.close();
    await database?.close();
    await product?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('a rule is tried on histogram and pictures, applied, and undone', async () => {
    const sets = () => archivist.ask<{ nodes: { version: number; rules: { code: string; threshold: number }[] }[] }>(`{ filterSets(first: 5) { nodes { version rules { code threshold } } } }`);
    await page.getByRole('button', { name: 'New filter set' }).click();
    await page.getByLabel('Name').fill('For motion');
    // However late the list with the new set comes, no other set is there meanwhile for a member to begin on.
    let send: () => void = () => undefined;
    const late = new Promise<void>((sent) => (send = sent));
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('query Filters ')) await late;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Create' }).click();
    await until(`!document.querySelector('dialog') && !document.querySelector('[data-testid=kept], main select')`);
    send();
    // The page behind the dialog counts a preset's shots until then, and a rule that is begun there is not this set's.
    await until(`document.querySelector('main select')?.selectedOptions[0]?.text === 'For motion, version 1'`);
    await page.unrouteAll({ behavior: 'wait' });
    await until(`document.querySelector('[data-testid=kept]')?.textContent.startsWith('120 of 120')`);
    await page.getByLabel('Another rule about').selectOption('motion');
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByLabel('MOTION threshold', { exact: true }).fill('30');
    await until(`document.querySelector('[data-testid=kept]')?.textContent.startsWith('60 of 120')`);
    await until(`document.querySelector('[data-rule=MOTION]')?.innerText.includes('drops 60 shots')`);
    expect(await page.evaluate(`document.querySelectorAll('[data-rule=MOTION] svg rect').length`)).toBe(40);
    await page.locator('[data-rule=MOTION]').getByRole('button', { name: 'Pictures beside the threshold' }).click();
    // Those nearest to the threshold come first, on both sides.
    await until(`document.querySelector('[aria-label="Dropped by MOTION"]')?.innerText.includes('29 %') && document.querySelector('[aria-label="Kept by MOTION"]')?.innerText.includes('30 %')`);
    await until(`[...document.querySelectorAll('[aria-label="Kept by MOTION"] img')].some((picture) => picture.naturalWidth === 320)`);
    expect((await sets()).nodes[0]).toMatchObject({ version: 1 });

    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByLabel('Why').fill('Stills teach no motion.');
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    await until(`document.querySelector('main [role=status]')?.textContent.includes('Version 2 is in force')`);
    const rules = (await sets()).nodes[0]!;
    expect(rules.version).toBe(2);
    expect(rules.rules.find(({ code }) => code === 'MOTION')).toMatchObject({ threshold: 30 });

    await page.getByRole('button', { name: 'Undo' }).click();
    await until(`!document.querySelector('[data-rule=MOTION]') && document.querySelector('[data-testid=kept]')?.textContent.startsWith('120 of 120')`);
    expect((await sets()).nodes[0]!.rules.map(({ code }) => code)).not.toContain('MOTION');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByText('Stills teach no motion.').waitFor();
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByText('120 of 120 kept').first().waitFor();
    expect(wrong).toEqual([]);
  }, 120_000);

  test('shots of one take lie side by side, and another of them is let represent them', async () => {
    const clusters = async () => (await archivist.ask<{ nodes: { chosen: boolean; representative: { title: { name: string } }; others: { nodes: { shot: { title: { name: string } } }[] } }[] }>(`{ duplicateClusters(first: 9) { nodes { chosen representative { title { name } } others(first: 5) { nodes { shot { title { name } } } } } } }`)).nodes;
    for (const end = Date.now() + 60_000; (await clusters()).length < 3; await sleep(200)) if (Date.now() > end) throw new Error('the shots were not placed');
    await page.goto(`${product.url}/datasets/duplicates`);
    await until(`document.querySelectorAll('section[aria-label="2 shots of one take"]').length === 3`);
    await until(`[...document.querySelectorAll('section img')].filter((picture) => picture.naturalWidth === 320).length >= 4`);
    expect((await clusters()).map((cluster) => [cluster.representative.title.name, cluster.chosen])).toEqual(Array(3).fill(['The restored print', false]));
    await page.getByRole('button', { name: 'Let this one represent them' }).first().click();
    await page.getByText('Chosen to represent them').waitFor();
    const [chosen] = (await clusters()).filter((cluster) => cluster.chosen);
    expect(chosen).toMatchObject({ representative: { title: { name: 'The broadcast copy' } }, others: { nodes: [{ shot: { title: { name: 'The restored print' } } }] } });
    await page.getByRole('button', { name: 'Take the choice back' }).click();
    await until(`!document.querySelector('main').innerText.includes('Chosen to represent')`);
    expect((await clusters()).map((cluster) => cluster.representative.title.name)).toEqual(Array(3).fill('The restored print'));
    expect(wrong).toEqual([]);
  }, 120_000);
});
