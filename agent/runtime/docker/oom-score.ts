// Whether OOM scores below the default can be asked for: the kernel wants CAP_SYS_RESOURCE, which containers and small machines lack.
import { readFileSync } from 'node:fs';

const CAP_SYS_RESOURCE = 24n;

/** Read once from this process: it shares the machine with the engine, and an engine that may less says so at the first start. */
export function mayLowerOomScore(processStatus = readFileSync('/proc/self/status', 'latin1')): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(processStatus)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}
