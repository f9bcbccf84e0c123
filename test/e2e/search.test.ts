import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { connect, type Database, repositoryRoot } from '#libs/platform';
import { fillTemplate, readTemplate } from '#libs/rights';
import { Client, refused } from '../../apps/cli/src/demo/client.js';
import { onboardLicences } from '../../apps/cli/src/demo/loop.js';
import { freePort } from '../../apps/cli/src/postgres.js';
import { type Product, startProduct } from '../../apps/cli/src/product.js';
import { addStudio } from '../../apps/cli/src/studios.js';

const browserProgram = process.env.BACKLOT_CHROMIUM;
const pictures = process.env.BACKLOT_PICTURES;
const email = 'ines@northlight.example';

let folder: string;
let product: Product;
let database: Database;
let browser: Browser;
let password: string;
let archivist: Client;
let titleId: string;

const suite = browserProgram && existsSync(browserProgram) ? describe : describe.skip;

suite('search in a browser on the whole product (skipped without BACKLOT_CHROMIUM)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'backlot-search-e2e-'));
    product = await startProduct({ settings: { BACKLOT_DATA: path.join(folder, 'data'), BACKLOT_PORT: String(await freePort()) } });
    database = await connect(product.databaseUrl, 1);
    const studio = await addStudio(database, product.dataDir, {
      name: 'Northlight',
      slug: 'northlight',
      members: [
        { role: 'archivist', email, name: 'Ines Okafor' },
        { role: 'compliance', email: 'marta@northlight.example', name: 'Marta Lindqvist' },
      ],
    });
    password = studio.password;
    archivist = new Client(product.url);
    const compliance = new Client(product.url);
    await archivist.signIn(email, password);
    await compliance.signIn('marta@northlight.example', password);
    const template = readTemplate(await readFile(path.join(repositoryRoot, 'policies/templates/fine-tune.yaml'), 'utf8'));
    const licences = await onboardLicences({ archivist, compliance }, { 'fine-tune': { name: 'Archive licence', licensor: 'Nobody', policy: fillTemplate(template, { licensee: `urn:uuid:${studio.id}` }).policy } });
    const title = await archivist.ask<{ id: string }>(`mutation ($input: TitleInput!) { createTitle(input: $input) { ... on Title { id } ${refused} } }`, { input: { name: 'Sintel', licenceIds: Object.values(licences) } });
    titleId = title.id;
    const film = path.join(repositoryRoot, 'samples/sintel-excerpt.mp4');
    await archivist.upload(titleId, film, 'film.mp4', (await stat(film)).size, () => undefined);
    for (const end = Date.now() + 240_000; ; await sleep(200)) {
      const { state, reason } = await archivist.ask<{ state: string; reason: unknown }>(`query ($id: ID!) { title(id: $id) { state reason { code message } } }`, { id: titleId });
      if (state === 'READY') break;
      if (state === 'REFUSED' || state === 'WITHHELD' || Date.now() > end) throw new Error(`the film became ${state}: ${JSON.stringify(reason)}`);
    }
    browser = await chromium.launch({ executablePath: browserProgram!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
  }, 420_000);

  afterAll(async () => {
    await browser?.close();
    await database?.close();
    await product?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const picture = async (page: Page, name: string): Promise<void> => {
    if (pictures) await page.screenshot({ path: path.join(pictures, `search-${name}.png`) });
  };

  test('words that a member wrote find their shot; more like it; and the shot in its title, with the keyboard', async () => {
    const { shots } = await archivist.ask<{ shots: { nodes: { id: string; first: number; number: number }[] } }>(`query ($id: ID!) { title(id: $id) { shots(first: 100) { nodes { id first number } } } }`, { id: titleId });
    expect(shots.nodes.length).toBeGreaterThan(3);
    const wanted = shots.nodes[2]!;
    await archivist.ask(`mutation ($id: ID!) { correctShot(id: $id, field: "sentence", value: "A falconer whistles for her bird.") { ... on Shot { id } ${refused} } }`, { id: wanted.id });
    for (const end = Date.now() + 120_000; ; await sleep(200)) {
      const found = await archivist.ask<{ nodes: { shot: { id: string } }[] }>(`{ searchShots(query: { words: "falconer" }, first: 1) { nodes { shot { id } } } }`, {});
      if (found.nodes[0]?.shot.id === wanted.id) break;
      if (Date.now() > end) throw new Error('what was written is not found');
    }

    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    page.setDefaultTimeout(60_000);
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(error.message));
    await page.goto(`${product.url}/search`);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByText('What are you looking for?').waitFor();
    await picture(page, 'empty');
    await page.keyboard.type('somebody calling a hawk');
    await page.keyboard.press('Enter');
    const first = page.locator('[data-shot]').first();
    await page.locator(`[data-shot="${wanted.id}"]`).waitFor();
    expect(await first.getAttribute('data-shot')).toBe(wanted.id);
    expect(await first.textContent()).toMatch(/means alike \d+ %/);
    await picture(page, 'meaning');

    await page.getByLabel('Search shots').fill('falconer');
    await page.keyboard.press('Enter');
    await page.getByText('says falconer').waitFor();
    await picture(page, 'words');
    await page.getByRole('button', { name: `More like shot ${wanted.number + 1} of Sintel` }).press('Enter');
    await page.getByText(/looks alike/).first().waitFor();
    expect(await page.locator(`[data-shot="${wanted.id}"]`).count()).toBe(0);
    await picture(page, 'like');
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(page, 'phone');
    await page.setViewportSize({ width: 1440, height: 900 });

    await page.goto(`${product.url}/search?words=zeppelin%20-zeppelin`);
    await page.getByText('No shot answers to that').waitFor();
    await page.getByLabel('Length').selectOption('short');
    await page.getByRole('button', { name: 'Clear all' }).waitFor();
    await page.goto(`${product.url}/search?length=middle`);
    await page.getByText('In the order of titles').waitFor();
    await picture(page, 'facts');

    await page.goto(`${product.url}/search?words=falconer`);
    await page.locator(`[data-shot="${wanted.id}"] a`).press('Enter');
    await page.waitForURL(/\/titles\//);
    await page.locator('[data-testid=frame]', { hasText: new RegExp(`^${wanted.first}$`) }).waitFor();
    await picture(page, 'title');
    expect(wrong).toEqual([]);
  }, 240_000);
});
