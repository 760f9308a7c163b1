// For tests that move a fake clock: files are written on real time.
const quietTurns = 20;
/** What a process may hold while nothing is under way. */
const idle = new Set(['Immediate', 'Timeout', 'PipeWrap', 'TTYWrap', 'MessagePort']);

/** Until what a step has set off is over: nothing is asked of the system and the event loop has turned so for a while. */
export async function settled(): Promise<void> {
  for (let quiet = 0; quiet < quietTurns; quiet++) {
    await new Promise((resolve) => { setImmediate(resolve); });
    if (process.getActiveResourcesInfo().some((resource) => !idle.has(resource))) quiet = 0;
  }
}
