import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder, from sources as from dist/: the nearest one above that holds package.json. */
export const repositoryRoot = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('Backlot is not inside its folder: package.json is missing.');
    folder = parent;
  }
  return folder;
})();
