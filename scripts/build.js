// Compiles the TypeScript sources into dist/, copies what browsers get as it is, and makes the command executable. Run by `npm ci` (prepare) and `npm run build`.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const require = createRequire(import.meta.url);

let compiler;
try {
  compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
} catch {
  // A packed release carries dist/ and no compiler.
  if (existsSync(join(root, 'dist/bin/dray.js'))) process.exit(0);
  console.error('scripts/build.js: typescript is not installed; run `npm ci` first');
  process.exit(1);
}
rmSync(join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit', cwd: root });
cpSync(join(root, 'master/dashboard/client'), join(root, 'dist/master/dashboard/client'), { recursive: true });
chmodSync(join(root, 'dist/bin/dray.js'), 0o755);
