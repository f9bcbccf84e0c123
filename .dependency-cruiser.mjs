// The import line of DESIGN.md: each lib imports only those to its left, and only through their index.
const line = ['platform', 'media', 'audit', 'access', 'rights', 'catalogue', 'curation', 'training', 'generation', 'compliance'];

const toTheRight = line.slice(0, -1).map((lib, place) => ({
  name: `import-line-${lib}`,
  comment: `libs stand in one line (${line.join(' → ')}); ${lib} may import only what stands left of it. React to the right with an event.`,
  severity: 'error',
  from: { path: `^libs/${lib}/` },
  to: { path: `^libs/(?:${line.slice(place + 1).join('|')})/` },
}));

export default {
  forbidden: [
    ...toTheRight,
    {
      name: 'known-lib',
      comment: `a lib outside the line (${line.join(' → ')}) has no place in DESIGN.md`,
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(?:${line.join('|')})/` },
      to: {},
    },
    {
      name: 'lib-through-index',
      comment: 'a lib is imported as #libs/NAME (its src/index.ts), never by a file inside it',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/[^/]+/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'app-through-index',
      comment: 'apps, tests and migrations import a lib as #libs/NAME (its src/index.ts); what measures a lib from inside lies in its tools/',
      severity: 'error',
      from: { path: '^(?:apps|test|migrations)/' },
      to: { path: '^libs/[^/]+/', pathNot: '^libs/[^/]+/(?:src/index\\.ts$|tools/)' },
    },
    { name: 'lib-not-to-app', comment: 'transport lives in apps; libs do not know them', severity: 'error', from: { path: '^libs/' }, to: { path: '^(?:apps|test)/' } },
    {
      name: 'transport-in-apps',
      comment: 'GraphQL types and HTTP frameworks stay in apps',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: 'node_modules/(?:@nestjs/(?:graphql|apollo|platform-express)|@apollo/server|express|graphql)/' },
    },
    {
      name: 'ffmpeg-in-media',
      comment: 'fluent-ffmpeg is archived; one module keeps it replaceable',
      severity: 'error',
      from: { path: '^(?:apps|libs)/', pathNot: '^libs/media/' },
      to: { path: 'node_modules/(?:@types/)?fluent-ffmpeg/' },
    },
    { name: 'no-cycle', comment: 'a cycle has no left and right', severity: 'error', from: { pathNot: '^node_modules' }, to: { circular: true } },
    { name: 'resolvable', comment: 'an import that resolves to nothing', severity: 'error', from: { pathNot: '^apps/web/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:dist|data|\\.venv|libs/media/kernels)/' },
    // A type that crosses the line is a dependency as well.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
