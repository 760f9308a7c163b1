// How slow the processor is that tests run on: what work may take is told by it, not in milliseconds of one machine.

/** CPU time of this process since then, in ms. */
export const cpuSince = (begun: NodeJS.CpuUsage): number => process.cpuUsage(begun).user / 1000;

let measured: number | undefined;
/** CPU time in ms that some megabytes of JSON take to be read: about 50 on a machine of 2020. */
export function yardstick(): number {
  if (measured !== undefined) return measured;
  const text = JSON.stringify(Array.from({ length: 100_000 }, (_, i) => ({ i, name: `name-${i}` })));
  const begun = process.cpuUsage();
  JSON.parse(text);
  return (measured = cpuSince(begun));
}
