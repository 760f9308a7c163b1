// Each file a worker loads counts for its version, and nothing else does.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { programVersion } from '../../../../agent/proxy/program-version.ts';

let root: string;
const write = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
};
const version = (of = root): string => programVersion(join(of, 'dist/worker/main.js'));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dray-version-'));
  write({
    'package.json': '{"version": "1.2.3"}',
    'node_modules/@some/http/package.json': '{"version": "1.0.0"}', 'node_modules/lazy/package.json': '{"version": "1.0.0"}', 'node_modules/other/package.json': '{"version": "1.0.0"}',
    'dist/worker/main.js': `import { x } from './part.js';\nimport '../util/side-effect.js';\nimport net from 'node:net';\nimport {\n  http,\n} from '@some/http/deep';\n// never from 'nowhere'\nexport const text = "from 'nothing'";\nawait import('./later.js');\n`,
    'dist/worker/part.js': `export { y } from './cycle.js';\n`, 'dist/worker/cycle.js': `export * from './part.js';\n`,
    'dist/util/side-effect.js': `import fs from 'fs';\n`, 'dist/worker/later.js': `const lazy = await import('lazy');\n`, 'dist/worker/unused.js': '',
  });
});
afterEach(() => { rmSync(root, { recursive: true }); });

it('begins with the package\'s version and is the same wherever the program lies', () => {
  expect(version()).toMatch(/^1\.2\.3\+[0-9a-f]{12}$/);
  const copy = mkdtempSync(join(tmpdir(), 'dray-version-'));
  cpSync(root, copy, { recursive: true });
  expect(version(copy)).toBe(version());
  rmSync(copy, { recursive: true });
});

it.each(['dist/worker/main.js', 'dist/worker/part.js', 'dist/worker/cycle.js', 'dist/util/side-effect.js', 'dist/worker/later.js'])('changes with %s', (file) => {
  const before = version();
  write({ [file]: 'export {};\n' });
  expect(version()).not.toBe(before);
});

it.each(['@some/http', 'lazy'])('changes with another version of %s', (name) => {
  const before = version();
  write({ [`node_modules/${name}/package.json`]: '{"version": "1.0.1"}' });
  expect(version()).not.toBe(before);
});

it('does not change with what the worker does not load', () => {
  const before = version();
  write({ 'dist/worker/unused.js': 'changed', 'node_modules/other/package.json': '{"version": "2.0.0"}' });
  expect(version()).toBe(before);
});

it('takes the worker of this very tree', () => {
  // Uncompiled here: the same imports with another ending.
  expect(programVersion(join(import.meta.dirname, '../../../../agent/proxy/worker/main.ts'))).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
});
