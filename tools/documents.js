// Which documents of the repository belong in the package, so that the links of its README lead somewhere there too.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const library = join(root, 'libs/auth');

export const documents = ['README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md', 'docs'];

/** Copies them next to the package's manifest, where git ignores them. */
export function copyDocuments() {
  for (const name of documents) {
    rmSync(join(library, name), { recursive: true, force: true });
    // The site's configuration is of no use in the package.
    cpSync(join(root, name), join(library, name), { recursive: true, filter: (path) => !path.includes('.vitepress') });
  }
}
