// For tests that move a fake clock: files are written on real time.
const quietTurns = 20;
/** What a process may hold while nothing is under way. */
const idle = new Set(['Immediate', 'Timeout', 'PipeWrap', 'TTYWrap', 'MessagePort']);
/** What is waited for at most: a step that goes on for longer is one the test is to find. */
const longestMs = 1000;

function counts(): Map<string, number> {
  const found = new Map<string, number>();
  for (const resource of process.getActiveResourcesInfo()) if (!idle.has(resource)) found.set(resource, (found.get(resource) ?? 0) + 1);
  return found;
}
/** What other tests left in this process is not this one's. */
const before = counts();
const busy = (): boolean => [...counts()].some(([resource, count]) => count > (before.get(resource) ?? 0));

/** Until what a step has set off is over: nothing more is asked of the system and the event loop has turned so for a while. */
export async function settled(): Promise<void> {
  const until = performance.now() + longestMs;
  for (let quiet = 0; quiet < quietTurns && performance.now() < until; quiet++) {
    await new Promise((resolve) => { setImmediate(resolve); });
    if (busy()) quiet = 0;
  }
}
