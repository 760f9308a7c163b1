// The house as a test: import boundaries, the homes of packages, and how every file begins. The checker itself is tried on
// small sources that break each rule.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areas, importFaults, importsOf, longFiles, packageHomes, styleFaults, type Source } from './support/architecture.ts';

const root = join(import.meta.dirname, '..');
const productFolders = ['bin', 'src', 'master', 'agent', 'bench'];

function read(folder: string): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: file.slice(root.length + 1), text: readFileSync(file, 'utf8') }));
}
const product = productFolders.flatMap(read);
const everything = [...product, ...read('test')];
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };

describe('the house', () => {
  it('is read as a whole', () => {
    expect(product.length).toBeGreaterThan(300);
    expect(product.flatMap((s) => importsOf(s.text)).length).toBeGreaterThan(1000);
  });
  it('keeps its import boundaries', () => expect(importFaults(product, Object.keys(dependencies))).toEqual([]));
  it('keeps its files in order', () => expect(styleFaults(everything)).toEqual([]));
  it('names no exception that is not there', () => {
    expect(Object.keys(longFiles).filter((path) => !everything.some((s) => s.path === path))).toEqual([]);
  });
  it('has rules that agree with each other', () => {
    // What an area may import is an area, a file or a whole side; nothing may import itself in a circle inside src/.
    const order = ['src/util', 'src/apimachinery', 'src/schema', 'src/api', 'src/client', 'src/controller', 'src/cli'];
    for (const { path, imports } of areas.filter((a) => order.includes(a.path))) for (const other of imports) expect(order.indexOf(other)).toBeLessThan(order.indexOf(path));
    const sides = (side: string): string[] => areas.filter((a) => a.path.startsWith(side)).flatMap((a) => [...a.imports, ...(a.types ?? [])]);
    expect(sides('master').filter((p) => p.startsWith('agent'))).toEqual([]);
    expect(sides('agent').filter((p) => p.startsWith('master'))).toEqual([]);
    expect(sides('src').filter((p) => !p.startsWith('src'))).toEqual([]);
  });
});

describe('the checker', () => {
  const one = (path: string, text: string): string[] => importFaults([{ path, text }], ['lmdb', 'http-proxy', 'dockerode', 'yaml']);

  it.each([
    ['src/util/a.ts', "import { x } from '../apimachinery/b.ts';", 'src/util must not import src/apimachinery/b.ts'],
    ['src/schema/a.ts', "import { x } from '../api/core/pod.ts';", 'src/schema must not import src/api/core/pod.ts'],
    ['src/api/core/a.ts', "import { Client } from '../../client/client.ts';", 'src/api must not import src/client/client.ts'],
    ['src/client/a.ts', "export * from '../controller/runner.ts';", 'src/client must not import src/controller/runner.ts'],
    ['src/cli/a.ts', "const m = await import('../../master/main.ts');", 'src/cli must not import master/main.ts'],
    ['src/cli/a.ts', "import type { A } from '../../agent/main.ts';", 'src/cli must not import agent/main.ts'],
    ['master/main.ts', "import '../agent/main.ts';", 'master/* must not import agent/main.ts'],
    ['agent/main.ts', "import { a } from '../master/main.ts';", 'agent/* must not import master/main.ts'],
    ['agent/kubelet/a.ts', "import { a } from '../runtime/docker/docker-runtime.ts';", 'agent/kubelet must not import agent/runtime/docker/docker-runtime.ts'],
    ['agent/runtime/docker/a.ts', "import { a } from '../../network/docker-networks.ts';", 'may import only types from agent/network/docker-networks.ts'],
    ['agent/runtime/a.ts', "import { a } from '../kubelet/kubelet.ts';", 'agent/runtime must not import agent/kubelet/kubelet.ts'],
    ['master/storage/a.ts', "import { a } from '../registry/registry.ts';", 'master/storage must not import master/registry/registry.ts'],
    ['master/registry/a.ts', "import { a } from '../apiserver/api-server.ts';", 'master/registry must not import master/apiserver/api-server.ts'],
    ['master/controllers/x/a.ts', "import type { Store } from '../../storage/store.ts';", 'master/controllers must not import master/storage/store.ts'],
    ['master/scheduler/a.ts', "import {\n  a,\n  b,\n} from '../registry/registry.ts';", 'master/scheduler must not import master/registry/registry.ts'],
    ['agent/proxy/worker/a.ts', "import { a } from '../../../src/client/client.ts';", 'agent/proxy/worker must not import src/client/client.ts'],
    ['agent/proxy/a.ts', "import proxy from 'http-proxy';", 'http-proxy belongs in agent/proxy/worker or master/apiserver/proxy'],
    ['agent/kubelet/a.ts', "import Docker from 'dockerode';", 'dockerode belongs in agent/runtime/docker or bench'],
    ['master/storage/a.ts', "import { open } from 'lmdb';", 'lmdb belongs in master/storage/embedded'],
    ['src/util/a.ts', "import { x } from '../../test/support/control-plane.ts';", 'src/util must not import test/support/control-plane.ts'],
    ['src/util/a.ts', "import fc from 'fast-check';", 'fast-check is no dependency in package.json'],
  ])('finds in %s: %s', (path, text, fault) => expect(one(path, text)).toEqual([`${path}:1: ${fault}`]));

  it.each(['lib/a.ts', 'master/somewhere/a.ts', 'agent/somewhere/a.ts', 'src/a.ts', 'bin/other.ts'])('finds a file outside the house: %s', (path) => {
    expect(one(path, '')).toEqual([`${path}:1: no area of the house has this file`]);
  });

  it.each([
    ['agent/runtime/docker/networks.ts', "import type { DockerNetworks } from '../../network/docker-networks.ts';"],
    ['master/apiserver/memory-transport.ts', "import type { Transport } from '../../src/client/transport.ts';"],
    ['master/storage/embedded/a.ts', "import { open } from 'lmdb';"],
    ['bin/dray.ts', "import { a } from '../src/a.ts';\nconst b = import('../master/main.ts');\nconst c = import('../agent/main.ts');"],
    ['agent/proxy/proxy.ts', "import { a } from './worker/protocol.ts';\nimport { readFile } from 'node:fs/promises';"],
    ['src/client/kubeconfig.ts', "import { parse } from 'yaml';"],
  ])('lets %s pass', (path, text) => expect(one(path, text)).toEqual([]));

  it('reads every form of import, with its line', () => {
    const text = "// x\nimport a, { type B } from './a.ts';\nimport type { C } from './c.ts';\nexport { d } from './d.ts';\nexport type { E } from './e.ts';\nimport './f.ts';\nconst g = await import('./g.ts');\nconst s = \"no import\";\n";
    expect(importsOf(text)).toEqual([
      { specifier: './a.ts', typeOnly: false, line: 2 }, { specifier: './c.ts', typeOnly: true, line: 3 }, { specifier: './d.ts', typeOnly: false, line: 4 },
      { specifier: './e.ts', typeOnly: true, line: 5 }, { specifier: './f.ts', typeOnly: false, line: 6 }, { specifier: './g.ts', typeOnly: false, line: 7 },
    ]);
  });

  it.each([
    ['no comment', "import x from 'x';\n", ['a.ts:1: begins without a comment that says what it is for']],
    ['a comment', '// What it is for.\n', []],
    ['a comment after the interpreter line', '#!/usr/bin/env node\n// What it is for.\n', []],
    ['an unfinished place', `// A.\n// ${'TO'}DO later\n`, ['a.ts:2: unfinished work belongs in an issue']],
    ['a long file', `// A.\n${'x\n'.repeat(400)}`, ['a.ts:400: 401 lines; more than 400 are two rooms']],
    ['a file of just that length', `// A.\n${'x\n'.repeat(399)}`, []],
  ])('judges %s', (_name, text, faults) => expect(styleFaults([{ path: 'a.ts', text }], {})).toEqual(faults));

  it('lets a listed file be long, and only a long one be listed', () => {
    expect(styleFaults([{ path: 'a.ts', text: `// A.\n${'x\n'.repeat(500)}` }], { 'a.ts': 'why' })).toEqual([]);
    expect(styleFaults([{ path: 'a.ts', text: '// A.\n' }], { 'a.ts': 'why' })).toEqual(['a.ts:1: is listed as long and is not']);
  });

  it('gives every restricted package a home in a known area', () => {
    for (const home of Object.values(packageHomes).flat()) expect(areas.some((a) => home === a.path || home.startsWith(`${a.path}/`) || a.path.startsWith(`${home}/`))).toBe(true);
  });
});
