// For tests that move a fake clock: files are written on real time.
const quietTurns = 20;
/** Work of this process (it turns all the time) that is waited for at most: a step that goes on for longer is one the test is to find. */
const longestMs = 5000;
const workedMs = (): number => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };

/** Handles (sockets, pipes, timers) may stay open for as long as a test runs; requests to the system come to an end by themselves. */
const requests = (): number => process.getActiveResourcesInfo().filter((resource) => resource.includes('Req')).length;
/** One that another test of this process has left for good (a pipe nobody writes to) is not waited for. */
let left = requests();
function busy(): boolean {
  const now = requests();
  left = Math.min(left, now);
  return now > left;
}

/** Until what a step has set off is over: nothing more is asked of the system and the event loop has turned so for a while. */
export async function settled(): Promise<void> {
  const until = workedMs() + longestMs;
  for (let quiet = 0; quiet < quietTurns && workedMs() < until; quiet++) {
    await new Promise((resolve) => { setImmediate(resolve); });
    if (busy()) quiet = 0;
  }
}
