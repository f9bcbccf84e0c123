// Tests run from the sources: `#libs/NAME` is libs/NAME/src/index.ts, and a relative `./x.js` of our own code is `./x.ts`.
// A resolver rather than moduleNameMapper and the `source` condition, which would also rewrite files inside node_modules.
const fs = require('node:fs');
const path = require('node:path');

const foreign = `${path.sep}node_modules${path.sep}`;

module.exports = {
  sync(request, options) {
    const lib = /^#libs\/([a-z]+)$/.exec(request);
    if (lib) return path.join(__dirname, 'libs', lib[1], 'src', 'index.ts');
    if (/^\.{1,2}\/.*\.js$/.test(request) && !options.basedir.includes(foreign)) {
      const stem = path.resolve(options.basedir, request.slice(0, -3));
      for (const extension of ['.ts', '.tsx']) if (fs.existsSync(stem + extension)) return stem + extension;
    }
    return options.defaultResolver(request, options);
  },
};
