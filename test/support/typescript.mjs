// node --import test/support/typescript.mjs FILE.ts runs the sources as they are, so that a test can start processes and threads of its own without a build.
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';

const root = path.resolve(import.meta.dirname, '../..');

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('#libs/')) return { url: pathToFileURL(path.join(root, 'libs', specifier.slice(6), 'src/index.ts')).href, shortCircuit: true };
    // A thread is started by the whole address of its module, and has no parent.
    const url = specifier.startsWith('file:') ? specifier : specifier.startsWith('.') && context.parentURL?.startsWith('file:') ? new URL(specifier, context.parentURL).href : undefined;
    if (url?.endsWith('.js') && !url.includes('/node_modules/')) {
      const source = fileURLToPath(url.replace(/\.js$/, '.ts'));
      if (existsSync(source)) return { url: pathToFileURL(source).href, shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts') || url.includes('/node_modules/')) return next(url, context);
    const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
      filename: fileURLToPath(url),
      swcrc: false,
      jsc: { target: 'es2024', experimental: { keepImportAttributes: true }, parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true, decoratorMetadata: true } },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
