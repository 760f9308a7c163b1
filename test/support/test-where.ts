// Tests of what not every machine has.

/** Where `has` is false the test is skipped and counted, and `otherwise` printed as the reason. */
export function testWhere(has: boolean, otherwise: string, name: string, run: () => Promise<void>): void {
  if (!has) console.warn(`skipped: ${name}: ${otherwise}`);
  (has ? test : test.skip)(name, run);
}
