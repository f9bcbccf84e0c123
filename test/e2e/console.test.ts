import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { connect, repositoryRoot } from '#libs/platform';
import { fillTemplate, readTemplate } from '#libs/rights';
import { Client } from '../../apps/cli/src/demo/client.js';
import { onboardLicences } from '../../apps/cli/src/demo/loop.js';
import { freePort } from '../../apps/cli/src/postgres.js';
import { type Product, startProduct } from '../../apps/cli/src/product.js';
import { addStudio } from '../../apps/cli/src/studios.js';

const browserProgram = process.env.BACKLOT_CHROMIUM;
const film = path.join(repositoryRoot, 'samples/sintel-excerpt.mp4');
const people = { archivist: 'ines@northlight.example', compliance: 'marta@northlight.example', editor: 'jonas@northlight.example', stranger: 'tomo@harbour.example' };
/** Steps of the test's run: enough for a curve and an adapter, seconds instead of minutes. */
const STEPS = '4';

let folder: string;
let product: Product;
let browser: Browser;
const passwords: Record<string, string> = {};
const wrong: string[] = [];
let titleAddress: string;

/** A page of its own session: nobody is signed in on it. */
async function newPage(): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.on('pageerror', (error) => wrong.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Minified React error/.test(message.text())) wrong.push(`${page.url()}: ${message.text()}`);
  });
  page.setDefaultTimeout(60_000);
  return page;
}

async function signIn(who: keyof typeof people, at = '/catalogue'): Promise<Page> {
  const page = await newPage();
  await page.goto(product.url + at);
  await page.getByLabel('E-mail').fill(people[who]);
  await page.getByLabel('Password').fill(passwords[who]!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor();
  return page;
}

/**
 * Asks the page again and again until the answer is true or a number above 0; gives the answer. The question is text, because
 * the tests' own types know no browser; and it is asked from here, because a loop inside the page would need the eval its policy forbids.
 */
async function until(page: Page, question: string, seconds = 60): Promise<number> {
  for (const end = Date.now() + seconds * 1000; ; await sleep(50)) {
    const answer = Number(await page.evaluate(question));
    if (answer > 0) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${question}`);
  }
}

const untilFrame = (page: Page, frame: number): Promise<number> => until(page, `document.querySelector('[data-testid=frame]')?.textContent === '${frame}'`);

/** The picture on the screen as 32 x 18 grey values. */
function pictureShown(page: Page): Promise<number[]> {
  return page.evaluate<number[]>(`(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 18 });
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.drawImage(document.querySelector('video'), 0, 0, 32, 18);
    const { data } = context.getImageData(0, 0, 32, 18);
    return Array.from({ length: 32 * 18 }, (_, n) => 0.299 * data[4 * n] + 0.587 * data[4 * n + 1] + 0.114 * data[4 * n + 2]);
  })()`);
}

/** Waits until a picture or clip of the page is decoded; gives its width. */
const widthOf = (page: Page, tag: 'img' | 'video', within: string): Promise<number> => until(page, `document.querySelector('${within} ${tag}')?.${tag === 'img' ? 'naturalWidth' : 'videoWidth'}`);

/** Frames first..last of the film as it was delivered, decoded without us. */
async function picturesOf(first: number, last: number): Promise<number[][]> {
  const { stdout } = await promisify(execFile)(
    process.env.BACKLOT_FFMPEG ?? 'ffmpeg',
    ['-v', 'error', '-i', film, '-map', '0:v:0', '-fps_mode', 'passthrough', '-vf', `select='between(n,${first},${last})',scale=32:18:flags=area`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
    { encoding: 'buffer', maxBuffer: 1e8 },
  );
  return Array.from({ length: last - first + 1 }, (_, n) => [...stdout.subarray(n * 576, (n + 1) * 576)]);
}

/** How alike two pictures are, -1 to 1, whatever their brightness and contrast. */
function likeness(a: number[], b: number[]): number {
  const centred = (of: number[]) => of.map((value) => value - of.reduce((sum, one) => sum + one, 0) / of.length);
  const [x, y] = [centred(a), centred(b)];
  const dot = (p: number[], q: number[]) => p.reduce((sum, value, n) => sum + value * q[n]!, 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

const suite = browserProgram && existsSync(browserProgram) ? describe : describe.skip;

suite('the console, in a browser on the whole product (skipped without BACKLOT_CHROMIUM)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'backlot-console-'));
    product = await startProduct({ settings: { BACKLOT_DATA: folder, BACKLOT_PORT: String(await freePort()) } });
    const database = await connect(product.databaseUrl, 1);
    try {
      const member = (role: 'archivist' | 'compliance' | 'editor', email: string, name: string) => ({ role, email, name });
      const studios = [
        { name: 'Northlight', slug: 'northlight', members: [member('archivist', people.archivist, 'Ines Okafor'), member('compliance', people.compliance, 'Marta Lindqvist'), member('editor', people.editor, 'Jonas Weber')] },
        { name: 'Harbour', slug: 'harbour', members: [member('archivist', people.stranger, 'Tomo Sato')] },
      ];
      for (const studio of studios) {
        const { id, password } = await addStudio(database, product.dataDir, studio);
        for (const [who, email] of Object.entries(people)) if (studio.members.some((one) => one.email === email)) passwords[who] = password;
        if (studio.slug !== 'northlight') continue;
        const [archivist, compliance] = [new Client(product.url), new Client(product.url)];
        await archivist.signIn(people.archivist, password);
        await compliance.signIn(people.compliance, password);
        const template = readTemplate(await readFile(path.join(repositoryRoot, 'policies/templates/fine-tune.yaml'), 'utf8'));
        await onboardLicences({ archivist, compliance }, { 'fine-tune': { name: 'Archive licence', licensor: 'Blender Foundation', policy: fillTemplate(template, { licensee: `urn:uuid:${id}` }).policy } });
      }
    } finally {
      await database.close();
    }
    browser = await chromium.launch({ executablePath: browserProgram!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await product?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('a wrong password is refused in words, with a way out', async () => {
    const page = await newPage();
    await page.goto(product.url);
    await page.getByLabel('E-mail').fill(people.archivist);
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    const told = page.getByRole('alert');
    await told.waitFor();
    expect(await told.locator('p').count()).toBeGreaterThanOrEqual(2);
    expect(await told.locator('code').textContent()).toMatch(/^[A-Z_]+$/);
  }, 60_000);

  test('an archivist adds a film in an empty catalogue and sees it become ready by itself', async () => {
    const page = await signIn('archivist');
    await page.getByRole('heading', { name: 'Your catalogue is empty' }).waitFor();
    await page.getByRole('button', { name: 'Add titles' }).first().click();
    await page.locator('dialog input[type=file]').setInputFiles(film);
    await page.getByRole('textbox', { name: 'Name' }).fill('Sintel');
    await page.getByText('Archive licence, Blender Foundation').click();
    await page.getByRole('button', { name: 'Add title', exact: true }).click();
    const card = page.getByRole('link', { name: /Sintel/ });
    await card.getByText('Ready').waitFor({ timeout: 240_000 });
    await widthOf(page, 'img', 'main a');
    await card.click();
    await page.getByRole('heading', { name: 'Sintel', level: 1 }).waitFor();
    titleAddress = new URL(page.url()).pathname;
  }, 300_000);

  test('the player shows the frame it names: the same picture as that frame of the delivered file', async () => {
    const page = await signIn('archivist', titleAddress);
    await until(page, `document.querySelector('video')?.readyState >= 2`);
    await page.keyboard.press(' ');
    await until(page, `Number(document.querySelector('[data-testid=frame]')?.textContent) > 10`);
    await page.keyboard.press('k');
    await page.keyboard.press('Home');
    await untilFrame(page, 0);
    for (let n = 0; n < 5; n++) await page.keyboard.press('ArrowRight');
    await untilFrame(page, 5);
    await page.keyboard.press('ArrowLeft');
    await untilFrame(page, 4);

    // At a cut the frame before is another picture: one frame off would be seen.
    const blocks = await page.evaluate<string[]>(`[...document.querySelectorAll('[data-shot]')].map((block) => block.title)`);
    const cuts = blocks.flatMap((about, place) => (about.endsWith('Cut.') ? [{ place, first: Number(/frames (\d+) to/.exec(about)![1]) }] : []));
    expect(cuts.length).toBeGreaterThan(2);
    for (const { place, first } of cuts.slice(0, 5)) {
      await page.locator('[data-shot]').nth(place).click();
      await untilFrame(page, first);
      const shown = await pictureShown(page);
      const [before, itself] = (await picturesOf(first - 1, first)).map((picture) => likeness(shown, picture));
      expect(itself).toBeGreaterThan(0.97);
      expect(itself).toBeGreaterThan(before! + 0.02);
    }
  }, 180_000);

  test('a corrected caption stays, with who wrote it and what was there before', async () => {
    const page = await signIn('archivist', titleAddress);
    await page.getByRole('button', { name: 'Correct action' }).click();
    await page.getByLabel('Action', { exact: true }).fill('walking through snow');
    await page.keyboard.press('Enter');
    await page.getByText('written by Ines Okafor').first().waitFor();
    await page.reload();
    await page.getByText('walking through snow').first().waitFor();
    await page.getByText('Corrections (1)').click();
    await page.getByRole('insertion').getByText('walking through snow').waitFor();
  }, 60_000);

  test('who may not correct is not offered it, and reads the licence in plain words', async () => {
    const page = await signIn('compliance', titleAddress);
    await page.getByText('walking through snow').first().waitFor();
    expect(await page.getByRole('button', { name: /^Correct/ }).count()).toBe(0);
    await page.getByRole('tab', { name: 'Licence and decisions' }).click();
    await page.getByRole('link', { name: 'Archive licence' }).waitFor();
    await page.getByText('Allowed', { exact: true }).first().click();
    await page.getByText('Every rule that was looked at').first().waitFor();
    await page.goto(`${product.url}/catalogue`);
    await page.getByRole('heading', { name: 'Catalogue' }).waitFor();
    expect(await page.getByRole('button', { name: 'Add titles' }).count()).toBe(0);
  }, 60_000);

  test('an editor builds a dataset, trains on it, generates, approves and takes the delivery', async () => {
    const page = await signIn('editor', '/datasets');
    await page.getByRole('button', { name: 'Build a dataset' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill('first cut');
    await page.getByRole('button', { name: 'Build', exact: true }).click();
    await page.getByText('Frozen', { exact: true }).first().waitFor({ timeout: 180_000 });
    await page.locator('ol li img').first().waitFor();
    await page.getByRole('tab', { name: /^Dropped/ }).click();

    await page.getByRole('button', { name: 'Train on it' }).click();
    await page.getByLabel('Name', { exact: true }).fill('house style');
    await page.getByText('Settings;').click();
    await page.getByLabel('Steps', { exact: true }).fill(STEPS);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('Completed', { exact: true }).waitFor({ timeout: 420_000 });
    await page.getByRole('img', { name: /^Loss by step/ }).waitFor();
    await page.getByText('With this adapter').waitFor();

    await page.getByRole('link', { name: 'Generate with it' }).click();
    await page.getByText('it does not draw').waitFor();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('snow and warm light, a wide shot');
    await page.getByRole('button', { name: 'Generate', exact: true }).click();
    const result = page.getByRole('listitem').filter({ hasText: 'snow and warm light' }).first();
    await result.locator('video').waitFor({ timeout: 240_000 });
    await widthOf(page, 'video', 'li');
    await result.getByRole('button', { name: 'Approve' }).click();
    await result.getByText('by Jonas Weber').waitFor();
    await result.getByRole('button', { name: 'Deliver to our studio' }).click();
    const address = await result.getByRole('link', { name: 'Download' }).getAttribute('href');
    const answer = await page.request.get(new URL(address!, product.url).href);
    expect(answer.status()).toBe(200);
    expect((await answer.body()).subarray(4, 8).toString()).toBe('ftyp');
  }, 900_000);

  test('the officer sees why it was allowed, each entry of the log, and how to check it', async () => {
    const page = await signIn('compliance', '/log');
    await page.getByText('npx backlot log verify').waitFor();
    await page.locator('summary').filter({ hasText: 'generate' }).first().click();
    await page.getByRole('link', { name: 'This decision on its own page' }).first().click();
    await page.getByRole('heading', { name: 'Why this was allowed' }).waitFor();
    await page.getByRole('link', { name: 'Archive licence' }).waitFor();
    await page.goto(`${product.url}/log?type=delivery`);
    await page.getByRole('tab', { name: 'Every entry' }).waitFor();
    await page.locator('ol summary').filter({ hasText: 'delivery' }).first().waitFor();
  }, 60_000);

  test('a licence is drafted, read and signed by two, what it changes is seen, and a hold stops the film until it is lifted', async () => {
    const archivist = await signIn('archivist', '/licences');
    await archivist.getByRole('link', { name: 'Archive licence' }).click();
    await archivist.getByRole('button', { name: 'Draft a new version' }).click();
    const text = archivist.getByLabel('Policy', { exact: true });
    await text.fill((await text.inputValue()).replaceAll('2029-12-31', '2032-12-31'));
    await archivist.getByLabel('Rules that it loosens').fill('3.1, 4.2');
    await archivist.getByLabel('Why').fill('The licensor extends the term');
    await archivist.getByRole('button', { name: 'Keep as a draft' }).click();
    // What loosens without being named is refused, with what to do about it.
    await archivist.getByRole('dialog').getByRole('alert').getByText('4.3').waitFor();
    await archivist.getByLabel('Rules that it loosens').fill('3.1, 4.2, 4.3');
    await archivist.getByRole('button', { name: 'Keep as a draft' }).click();
    await archivist.getByRole('heading', { name: 'Version 2 waits for signatures' }).waitFor();
    await archivist.getByText(/instead of .*31 Dec 2029/).first().waitFor();
    await archivist.getByRole('button', { name: 'Ask', exact: true }).click();
    await archivist.getByText('would be refused', { exact: true }).waitFor();
    await archivist.getByText('Every answer would stay as it is.').waitFor();
    await archivist.getByRole('button', { name: 'Read and sign' }).click();
    await archivist.getByRole('button', { name: 'Sign this text' }).click();
    await archivist.getByText('Signatures, 1 of 2').waitFor();
    expect(await archivist.getByRole('button', { name: 'Read and sign' }).count()).toBe(0);

    const officer = await signIn('compliance', '/licences?show=unsigned');
    await officer.getByRole('link', { name: 'Archive licence, version 2' }).click();
    await officer.getByRole('button', { name: 'Read and sign' }).click();
    await officer.getByRole('dialog').getByText('Looser').first().waitFor();
    await officer.getByRole('button', { name: 'Sign this text' }).click();
    await officer.getByText('version 2', { exact: true }).first().waitFor();
    await officer.getByRole('tab', { name: /^Versions/ }).click();
    await officer.getByText('Ines Okafor and Marta Lindqvist').first().waitFor();

    await officer.goto(product.url + titleAddress);
    await until(officer, `document.querySelector('video')?.readyState >= 2`);
    await officer.getByRole('button', { name: 'Place a hold' }).click();
    await officer.getByLabel('Why').fill('A claim by the estate of an actor');
    await officer.getByRole('button', { name: 'Place the hold' }).click();
    await officer.getByText('On hold', { exact: true }).waitFor();
    const editor = await signIn('editor', titleAddress);
    await editor.getByText('A claim by the estate of an actor').first().waitFor();
    await editor.getByRole('region', { name: /^Player/ }).getByRole('alert').getByText('hold on this title').waitFor();
    expect(await editor.getByRole('button', { name: 'Lift the hold' }).count()).toBe(0);
    await officer.getByRole('button', { name: 'Lift the hold' }).click();
    await officer.getByLabel('Why it may be lifted').fill('Settled');
    await officer.getByRole('dialog').getByRole('button', { name: 'Lift the hold' }).click();
    await officer.getByText('On hold', { exact: true }).waitFor({ state: 'detached' });
    await editor.reload();
    await until(editor, `document.querySelector('video')?.readyState >= 2`);
  }, 90_000);

  test('a title is put under a further licence, and leaves it once it has ended', async () => {
    const officer = await signIn('compliance', '/licences');
    const client = new Client(product.url);
    await client.signIn(people.compliance, passwords.compliance!);
    const policy = (await client.ask<{ nodes: { policy: Record<string, unknown> }[] }>(`{ licences(first: 1) { nodes { policy } } }`)).nodes[0]!.policy;
    const { id } = await client.ask<{ id: string }>(`mutation ($input: LicenceInput!) { createLicence(input: $input) { __typename ... on Licence { id } ... on Refused { code message wayOut } } }`, {
      input: { name: 'Side letter', licensor: 'Blender Foundation', policy: JSON.parse(JSON.stringify(policy).replaceAll(String(policy['uid']), 'urn:example:side-letter')) },
    });
    await officer.goto(`${product.url}/licences/${id}`);
    await officer.getByRole('tab', { name: /^Titles under it/ }).click();
    await officer.getByRole('button', { name: 'Put titles under it' }).click();
    await officer.getByText('Sintel', { exact: true }).click();
    await officer.getByLabel('Why').fill('The licensor wants a say');
    await officer.getByRole('button', { name: 'Put under it' }).click();
    await officer.getByRole('link', { name: 'Sintel' }).waitFor();
    expect(await officer.getByRole('button', { name: 'Take Sintel out' }).count()).toBe(0);

    // A draft refuses: the poster is a quiet place that says so.
    const editor = await signIn('editor');
    await editor.getByRole('link', { name: /Sintel.*Side letter|Side letter.*Sintel/s }).waitFor();

    await client.ask(`mutation ($id: ID!) { withdrawLicence(id: $id, why: "Never agreed") { __typename ... on Refused { code message wayOut } } }`, { id });
    await officer.reload();
    await officer.getByRole('tab', { name: /^Titles under it/ }).click();
    await officer.getByRole('button', { name: 'Take Sintel out' }).click();
    await officer.getByLabel('Why').fill('It has ended');
    await officer.getByRole('dialog').getByRole('button', { name: 'Take it out' }).click();
    await officer.getByRole('heading', { name: 'No title is under it' }).waitFor();
    await officer.getByRole('tab', { name: 'History' }).click();
    await officer.getByText('Title taken out').waitFor();
    await officer.getByText('The licensor wants a say').waitFor();
    await editor.reload();
    await widthOf(editor, 'img', 'main a');
  }, 90_000);

  test('a member of another studio sees none of it, and a title’s address tells nothing', async () => {
    const page = await signIn('stranger');
    await page.getByRole('heading', { name: 'Your catalogue is empty' }).waitFor();
    for (const [place, empty] of [['datasets', 'No dataset yet'], ['runs', 'No run yet'], ['generate', 'No model yet'], ['licences', 'No licence yet']]) {
      await page.goto(`${product.url}/${place}`);
      await page.getByRole('heading', { name: empty! }).waitFor();
    }
    await page.goto(product.url + titleAddress);
    await page.getByText('There is no such title in your studio').waitFor();
    expect(await page.content()).not.toContain('Sintel');
  }, 90_000);

  test('no page broke or asked for what its policy refuses', () => {
    expect(wrong).toEqual([]);
  });
});
