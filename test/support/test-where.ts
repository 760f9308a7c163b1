// Tests of what not every machine has: where it is missing they are skipped and counted, with the reason printed.

const told = (has: boolean, name: string, otherwise: string): boolean => {
  if (!has) console.warn(`skipped: ${name}: ${otherwise}`);
  return has;
};
/** `otherwise` is the reason where `has` is false. */
export const testWhere = (has: boolean, otherwise: string, name: string, run: () => Promise<void>): void => (told(has, name, otherwise) ? test : test.skip)(name, run);
/** The same for several. */
export const describeWhere = (has: boolean, otherwise: string, name: string, tests: () => void): void => (told(has, name, otherwise) ? describe : describe.skip)(name, tests);
