// graphql-codegen --config apps/web/codegen.ts: types of the console's own questions, from the API's schema.
import type { CodegenConfig } from '@graphql-codegen/cli';

export default {
  schema: 'apps/api/src/schema/*.graphql',
  documents: ['apps/web/src/**/*.{ts,tsx}', '!apps/web/src/generated/**'],
  generates: {
    'apps/web/src/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { ID: 'string', DateTime: 'string', JSON: 'unknown', BigInt: 'string' },
        emitLegacyCommonJSImports: false,
      },
    },
  },
} satisfies CodegenConfig;
