// Tests of what not every machine has: where it is missing they are skipped and counted, with the reason printed. Straight to the run's
// own output: of a file in which all is skipped jest drops what goes to the console.
import { relative } from 'node:path';

const lines = new Set<string>();
const told = (has: boolean, name: string, otherwise: string): boolean => {
  const line = `skipped: ${relative(process.cwd(), expect.getState().testPath ?? '')}: ${name}: ${otherwise}\n`;
  // The same test for several, once.
  if (!has && !lines.has(line)) process.stderr.write(line);
  lines.add(line);
  return has;
};
/** `otherwise` is the reason where `has` is false. */
export const testWhere = (has: boolean, otherwise: string, name: string, run: () => Promise<void>): void => (told(has, name, otherwise) ? test : test.skip)(name, run);
/** The same for several. */
export const describeWhere = (has: boolean, otherwise: string, name: string, tests: () => void): void => (told(has, name, otherwise) ? describe : describe.skip)(name, tests);
