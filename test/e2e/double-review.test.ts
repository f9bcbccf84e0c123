import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { connect, type Database, repositoryRoot, rows } from '#libs/platform';
import { fillTemplate, readTemplate } from '#libs/rights';
import { Client, refused } from '../../apps/cli/src/demo/client.js';
import { onboardLicences } from '../../apps/cli/src/demo/loop.js';
import { freePort } from '../../apps/cli/src/postgres.js';
import { type Product, startProduct } from '../../apps/cli/src/product.js';
import { addStudio } from '../../apps/cli/src/studios.js';
import { makePatternFilm, patternShots } from '../support/pattern-film.js';

const browserProgram = process.env.BACKLOT_CHROMIUM;
const SHOTS = 8;
const { truth } = patternShots(SHOTS);

let folder: string;
let product: Product;
let database: Database;
let browser: Browser;
let password: string;
let archivist: Client;
let titleId: string;
const wrong: string[] = [];
const email = (name: string): string => `${name}@northlight.example`;

async function until(page: Page, question: string, seconds = 60): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await page.evaluate<boolean>(question)); await sleep(30)) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${question}; ${await page.evaluate<string>(`document.querySelector('[aria-label="Double review"]')?.innerText`)}`);
  }
}

/** The title, opened by this member, and what their keys do. */
async function opened(name: string) {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => wrong.push(`${name}: ${error.message}`));
  await page.goto(`${product.url}/titles/${titleId}`);
  await page.getByLabel('E-mail').fill(email(name));
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await until(page, `document.querySelector('video')?.readyState >= 2 && document.querySelectorAll('[data-shot]').length >= ${SHOTS}`);
  const panel = `document.querySelector('[aria-label="Double review"]')`;
  const says = (where: string, text: string): Promise<void> => until(page, `${panel}?.ariaBusy === 'false' && ${panel}.querySelector('${where}')?.textContent.includes(${JSON.stringify(text)})`);
  return {
    page,
    press: async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    },
    standing: (text: string) => says('[role=status]', text),
    at: (frame: number) => says('[data-testid=deciding]', `begins at frame ${frame}.`),
    deciding: (text: string) => says('[data-testid=deciding]', text),
    draft: (text: string) => says('[data-testid=draft]', text),
    told: (text: string) => says('[data-testid=told]', text),
    shown: (frame: number) => until(page, `document.querySelector('[data-testid=frame]')?.textContent === '${frame}'`),
    /** The frame at which the shot in hand begins as it is shown. */
    frame: async (): Promise<number> => Number(/begins at frame (\d+)\./.exec(await page.evaluate<string>(`${panel}.querySelector('[data-testid=deciding]').textContent`))?.[1]),
  };
}

const suite = browserProgram && existsSync(browserProgram) ? describe : describe.skip;

suite('review by two with the keyboard, in a browser on the whole product (skipped without BACKLOT_CHROMIUM)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'backlot-double-'));
    const film = path.join(folder, 'film.mp4');
    await makePatternFilm(film, SHOTS);
    product = await startProduct({ settings: { BACKLOT_DATA: path.join(folder, 'data'), BACKLOT_PORT: String(await freePort()) } });
    database = await connect(product.databaseUrl, 1);
    const studio = await addStudio(database, product.dataDir, {
      name: 'Northlight',
      slug: 'northlight',
      members: [
        { role: 'archivist', email: email('ines'), name: 'Ines Okafor' },
        { role: 'archivist', email: email('tom'), name: 'Tom Adeyemi' },
        { role: 'admin', email: email('ada'), name: 'Ada Brandt' },
        { role: 'compliance', email: email('marta'), name: 'Marta Lindqvist' },
      ],
    });
    ({ password } = studio);
    archivist = new Client(product.url);
    const compliance = new Client(product.url);
    await archivist.signIn(email('ines'), password);
    await compliance.signIn(email('marta'), password);
    const template = readTemplate(await readFile(path.join(repositoryRoot, 'policies/templates/fine-tune.yaml'), 'utf8'));
    const licences = await onboardLicences({ archivist, compliance }, { 'fine-tune': { name: 'Archive licence', licensor: 'Nobody', policy: fillTemplate(template, { licensee: `urn:uuid:${studio.id}` }).policy } });
    const title = await archivist.ask<{ id: string }>(`mutation ($input: TitleInput!) { createTitle(input: $input) { ... on Title { id } ${refused} } }`, { input: { name: 'Eight shots', licenceIds: Object.values(licences) } });
    titleId = title.id;
    await archivist.upload(titleId, film, 'film.mp4', (await stat(film)).size, () => undefined);
    for (const end = Date.now() + 240_000; ; await sleep(200)) {
      const { state, reason } = await archivist.ask<{ state: string; reason: unknown }>(`query ($id: ID!) { title(id: $id) { state reason { code message } } }`, { id: titleId });
      if (state === 'READY') break;
      if (state === 'REFUSED' || state === 'WITHHELD' || Date.now() > end) throw new Error(`the film became ${state}: ${JSON.stringify(reason)}`);
    }
    // Captions come after a title is ready: both must see the same ones.
    const working = (): Promise<object[]> => database.inStudio({ studioId: studio.id }, () => rows(`select 1 from job where state in ('queued', 'running')`));
    for (const end = Date.now() + 60_000; (await working()).length > 0 && Date.now() < end; await sleep(100));
    browser = await chromium.launch({ executablePath: browserProgram!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
  }, 420_000);

  afterAll(async () => {
    await browser?.close();
    await database?.close();
    await product?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('two decide unseen by each other, a third settles what they differ in, and the report says how far they agree', async () => {
    const ines = await opened('ines');
    await ines.press('r');
    await ines.page.getByRole('button', { name: 'Have two review it' }).focus();
    await ines.press('Enter');
    await ines.standing(`0 of ${SHOTS} shots settled · ${SHOTS} wait for you`);
    // Shot by shot, whichever comes: the third begins two frames earlier, the fifth shows something else, the sixth is none.
    for (let left = SHOTS; left > 0; left--) {
      await ines.standing(`${left} wait for you`);
      const frame = await ines.frame();
      await ines.at(frame);
      if (frame === truth[2]) {
        await ines.press(',', ',', ',', '.');
        await ines.draft(`cut at ${truth[2]! - 2}`);
      }
      if (frame === truth[4]) {
        await ines.press('e');
        await until(ines.page, `document.activeElement?.tagName === 'TEXTAREA'`);
        await ines.press('Control+a');
        await ines.page.keyboard.type('Blocks of colour.');
        await ines.press('Enter', '3');
        await until(ines.page, `document.activeElement?.tagName === 'SELECT'`);
        await ines.page.keyboard.type('outd');
        await ines.press('Enter');
      }
      if (frame === truth[5]) {
        await ines.press('m');
        await ines.draft('there is no transition');
      }
      await ines.press('a');
      await ines.told('Kept: it waits for the other.');
    }
    await ines.deciding('Nothing waits for you.');

    // Nothing of it is on the other's page, and each shot is as it was.
    const ada = await opened('ada');
    expect(await ada.page.evaluate<string>('document.body.innerText')).not.toContain('Blocks of colour.');
    await ada.press('r');
    await ada.standing(`0 of ${SHOTS} shots settled · ${SHOTS} wait for you`);
    for (let left = SHOTS; left > 0; left--) {
      await ada.standing(`${left} wait for you`);
      const frame = await ada.frame();
      expect(truth).toContain(frame);
      await ada.draft('right as it is shown');
      if (frame === truth[2]) await ada.press(',', ',');
      if (frame === truth[7]) {
        await ada.shown(frame);
        await ada.press('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight');
        await ada.shown(frame + 4);
        await ada.press('s');
        await ada.draft(`inside, not seen: cut at ${frame + 4}`);
      }
      await ada.press('a');
      await ada.told(frame === truth[2] || ![truth[4], truth[5], truth[7]].includes(frame) ? 'Both say the same' : 'a third settles it');
    }
    await ada.deciding('3 shots on which you differ wait for another member.');

    const tom = await opened('tom');
    await tom.press('r');
    await tom.standing('0 wait for you · 3 to settle');
    for (let left = 3; left > 0; left--) {
      await tom.standing(`${left} to settle`);
      await tom.deciding('is disputed');
      const frame = await tom.frame();
      const table = await tom.page.evaluate<string>(`document.querySelector('[aria-label="What the two say"]').innerText`);
      expect(table).toContain('Ines Okafor');
      expect(table).toContain('Ada Brandt');
      if (frame === truth[4]) {
        expect(table).toContain('Blocks of colour.');
        await tom.press('z');
        await until(tom.page, `document.querySelector('[aria-label="Double review"] textarea').value === 'Blocks of colour.'`);
      } else if (frame === truth[5]) {
        await tom.press('z', 'x');
        await tom.draft('right as it is shown');
      } else {
        await tom.press('x');
        await tom.draft(`inside, not seen: cut at ${truth[7]! + 4}`);
      }
      // The last one ends the double review, and its panel with it.
      await tom.press('a');
      if (left > 1) await tom.told('Settled.');
    }
    await until(tom.page, `!document.querySelector('[aria-label="Double review"]')`);

    const told = await archivist.ask<{ shots: { nodes: { first: number; sentence: string; labels: { place?: { value: string } }; review: { reviewedBy: string } }[] }; review: { doubleReview: { endedAt: string }; agreement: object } }>(
      `query ($id: ID!) { title(id: $id) { shots(first: 100) { nodes { first sentence labels review { reviewedBy } } } review { doubleReview { endedAt } agreement { shots agreed boundary { shots exact } } } } }`,
      { id: titleId },
    );
    expect(told.shots.nodes.map(({ first }) => first)).toEqual([...truth.map((first, n) => (n === 2 ? first - 2 : first)), truth[7]! + 4]);
    expect(told.shots.nodes[4]).toMatchObject({ sentence: 'Blocks of colour.', labels: { place: { value: 'outdoors' } }, review: { reviewedBy: 'Tom Adeyemi' } });
    expect(told.review).toMatchObject({ doubleReview: { endedAt: expect.any(String) }, agreement: { shots: SHOTS, agreed: SHOTS - 3, boundary: { shots: SHOTS - 2, exact: SHOTS - 2 } } });
    await tom.page.goto(`${product.url}/catalogue/detector`);
    await tom.page.getByText(`Two reviewers said the same in everything of ${SHOTS - 3} of ${SHOTS} shots`).first().waitFor();
    expect(wrong).toEqual([]);
  }, 300_000);
});
