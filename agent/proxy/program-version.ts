// The version of the worker program: that of the package with a digest of every file the worker loads, so that a worker of another
// build hands over, whatever the package calls itself.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';

/** What a module imports, statically or not; types are gone from compiled files. */
const imports = /^(?:import|export)\b[^;'"=]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

/** `<package version>+<digest>` of the program that begins in the file `entry`. @throws when a file of it cannot be read */
export function programVersion(entry: string): string {
  const root = above(dirname(entry), 'package.json');
  const { version } = JSON.parse(readFileSync(root, 'utf8')) as { version: string };
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    const text = readFileSync(file, 'utf8');
    files.set(file, text);
    for (const [, from, bare, dynamic] of text.matchAll(imports)) {
      const name = (from ?? bare ?? dynamic)!;
      if (name.startsWith('.')) visit(join(dirname(file), name));
      else if (!name.startsWith('node:') && !builtinModules.includes(name)) packages.add(above(dirname(file), join('node_modules', packageOf(name), 'package.json')));
    }
  };
  visit(entry);
  const digest = createHash('sha256');
  for (const [file, text] of [...files].sort()) digest.update(`${file.slice(dirname(root).length)}\0${text}\0`);
  for (const file of [...packages].sort()) digest.update(`${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}\0`);
  return `${version}+${digest.digest('hex').slice(0, 12)}`;
}

const packageOf = (name: string): string => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/');

/** The nearest file of that name in the directory or one above it, as Node looks for packages. */
function above(directory: string, name: string): string {
  const file = join(directory, name);
  if (existsSync(file)) return file;
  if (dirname(directory) === directory) throw new Error(`${name} is missing`);
  return above(dirname(directory), name);
}
