// The compiled program, for tests of processes and threads; another build of it may be put to the test.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from './test-where.ts';

/** A file of it. */
export const compiled = (path: string): string => join(process.env['DRAY_DIST'] ?? join(import.meta.dirname, '../../dist'), path);
export const workerProgram = compiled('agent/proxy/worker/main.js');

/** What keeps a compiled file from being tried. */
export const notBuilt = (file: string): string | undefined => (existsSync(file) ? undefined : `${file} is not built (npm run build)`);
/** `describe` for tests of a compiled file, where there is one. */
export const describeCompiled = (file: string, name: string, tests: () => void): void => describeWhere(existsSync(file), notBuilt(file) ?? '', name, tests);
