// What a terminal that is taken away means for who works in it. An engine keeps a terminal open when its client has gone, with all that runs in it.
import { readFile } from 'node:fs/promises';

/** A signal for a process or (negative) a process group; one that has ended needs none. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Tells the leader of a terminal's session, and its processes in the foreground, that the terminal is gone. upstream: Linux drivers/tty/tty_jobctrl.c (disassociate_ctty) */
export async function hangUp(leader: number): Promise<void> {
  const stat = await readFile(`/proc/${leader}/stat`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  });
  if (stat === undefined) return;
  // After the name, which may hold anything: state, parent, group, session, terminal, foreground group.
  const foreground = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[5]);
  for (const signal of ['SIGHUP', 'SIGCONT'] as const) {
    if (foreground > 1) send(-foreground, signal);
    send(leader, signal);
  }
}
