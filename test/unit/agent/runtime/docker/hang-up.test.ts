// Real processes in real terminals, whose client is gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hangUp } from '../../../../../agent/runtime/docker/hang-up.ts';

/** The leader of a terminal's session that runs this script, and how its terminal ends. `exec`, as the user's own shell may stand between otherwise. */
async function inTerminal(script: string): Promise<{ leader: number; said(): string; ended: Promise<unknown> }> {
  const child = spawn('script', ['-qec', `exec sh -c 'echo "leader $$"; ${script}'`, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  const ended = once(child, 'close');
  const leader = await new Promise<number>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /leader (\d+)\r\n[^]*ready/.exec(said);
      if (found) resolve(Number(found[1]));
    });
  });
  return { leader, said: () => said, ended };
}

it('ends who leads the terminal, and what is in its foreground', async () => {
  const { leader, ended } = await inTerminal('trap "" TERM; echo ready; sleep 1000; true');
  await hangUp(leader);
  await ended;
  expect(() => process.kill(leader, 0)).toThrow('ESRCH');
});
it('leaves alone who does not want to hear of it', async () => {
  const { leader, said, ended } = await inTerminal('trap "" HUP; trap "echo over; exit" USR1; echo ready; while :; do sleep 0.05; done');
  await hangUp(leader);
  process.kill(leader, 'SIGUSR1');
  await ended;
  expect(said()).toContain('over');
});
it('has nobody to tell when all have ended', async () => {
  const { leader, ended } = await inTerminal('echo ready');
  await ended;
  await expect(hangUp(leader)).resolves.toBeUndefined();
});
