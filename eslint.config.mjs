import js from '@eslint/js';
import { existsSync } from 'node:fs';
import path from 'node:path';
import tseslint from 'typescript-eslint';
import guardedResolver from './scripts/eslint/guarded-resolver.mjs';

const hasWebProject = existsSync(path.join(import.meta.dirname, 'apps/web/tsconfig.json'));

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'data/',
      '.venv/',
      'coverage/',
      'apps/trainer/',
      'libs/media/kernels/',
      '**/generated/**',
      '**/*.generated.ts',
      '**/routeTree.gen.ts',
      ...(hasWebProject ? [] : ['apps/web/']),
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // It takes a destructured method of an interface for one that loses its `this`; a method that does fails its first test.
      '@typescript-eslint/unbound-method': 'off',
      // TypeScript 6 (lint) and 7 (build) do not agree on which assertion is needed.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // An async method that awaits nothing is how a port's local adapter keeps its signature.
      '@typescript-eslint/require-await': 'off',
      // SQL and log lines print numbers; only objects by accident are wrong.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true, allowAny: false },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'CatchClause > BlockStatement[body.length=0]', message: 'An empty catch swallows a reason; say what happens with it.' },
      ],
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['apps/api/**/*.ts'],
    plugins: { backlot: { rules: { 'guarded-resolver': guardedResolver } } },
    rules: { 'backlot/guarded-resolver': 'error' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'Buffer', 'URL', 'setTimeout', 'clearTimeout', 'require', 'module', '__dirname', 'fetch', 'performance'].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.test.ts'],
    rules: {
      // expect() of values of any shape is what tests do.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
);
