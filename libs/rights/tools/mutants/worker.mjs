import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import fc from 'fast-check';
import { taken } from './jest.mjs';

/** Runs tests against one mutant after the other. Every module of the lib is loaded afresh for each, so that what is worked out while loading is mutated as well. */
let given;
let libUrl;
const texts = new Map();

function textOf(file) {
  let text = texts.get(file);
  if (text === undefined) texts.set(file, (text = transformSync(given.instrumented.get(file) ?? readFileSync(file, 'utf8'), { ...given.swc, filename: file }).code));
  return text;
}

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '@jest/globals') return { url: new URL('jest.mjs', import.meta.url).href, shortCircuit: true };
    const parent = context.parentURL?.startsWith('file:') && !context.parentURL.includes('/node_modules/') ? new URL(context.parentURL) : undefined;
    if (parent && /^\.{1,2}\/.*\.js$/.test(specifier)) {
      const url = new URL(specifier.replace(/js$/, 'ts'), parent);
      if (existsSync(fileURLToPath(url))) return { url: `${url.href}${url.href.startsWith(libUrl) ? parent.search : ''}`, shortCircuit: true };
    }
    return next(specifier, specifier.startsWith('#libs/') ? { ...context, conditions: [...context.conditions, 'source'] } : context);
  },
  load: (url, context, next) => (/\.ts(\?|$)/.test(url) && !url.includes('/node_modules/') ? { format: 'module', source: textOf(fileURLToPath(url.replace(/\?.*/, ''))), shortCircuit: true } : next(url, context)),
});

const stryker = (globalThis.__stryker__ = { activeMutant: undefined, hitCount: undefined, hitLimit: Infinity, currentTestId: undefined, mutantCoverage: { static: {}, perTest: {} } });
let loads = 0;
const load = (file, as) => import(`${pathToFileURL(`${given.policy}/${file}`).href}?${as}`);

async function timed(id, work) {
  stryker.currentTestId = id;
  const began = performance.now();
  await work();
  return { id, ms: performance.now() - began };
}

const messages = {
  begin(more) {
    given = more;
    libUrl = pathToFileURL(`${given.lib}/`).href;
    // The same worlds in every run: what a mutant survives is not to be a matter of luck.
    fc.configureGlobal({ seed: given.seed });
  },

  /** Every test once without a mutant: how long it takes, and which mutants it reaches. */
  async try({ files }) {
    const as = ++loads;
    stryker.currentTestId = undefined;
    await load('index.ts', as);
    const tried = [];
    for (const file of files) {
      let tests;
      const loading = await timed(file, async () => {
        await load(file, as);
        tests = taken();
      });
      const times = [];
      for (const [at, { name, run }] of tests.entries()) times.push({ name, ...(await timed(`${file} ${at}`, run)) });
      tried.push({ file, ms: loading.ms, tests: times });
    }
    return { tried, coverage: stryker.mutantCoverage };
  },

  /** The first of the tests that fails under the mutant. */
  async hunt({ id, hitLimit, plan }) {
    Object.assign(stryker, { activeMutant: id, hitCount: 0, hitLimit });
    const as = ++loads;
    for (const { file, at } of plan) {
      let doing = file;
      try {
        await load(file, as);
        const tests = taken();
        for (const one of at) {
          doing = `${file}: ${tests[one].name}`;
          await tests[one].run();
        }
      } catch {
        taken();
        return { by: doing };
      }
    }
    return {};
  },
};

process.on('message', async ({ ask, ...message }) => process.send({ answer: await messages[ask](message) }));
