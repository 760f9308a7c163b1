// The pause program the agent carries: it starts, waits and ends as a sandbox must.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pauseArchive, pauseProgram } from '../../../../../agent/runtime/docker/pause.ts';

const architecture = arch() === 'arm64' ? 'arm64' : 'amd64';

describe('the pause program', () => {
  let directory: string;
  let program: string;
  const children: ChildProcess[] = [];
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'dray-pause-'));
    program = join(directory, 'pause');
    writeFileSync(program, pauseProgram(architecture), { mode: 0o755 });
  });
  afterEach(() => { for (const child of children.splice(0)) child.kill('SIGKILL'); });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s, and goes on after a stop and a child\'s end', async (signal) => {
    const child = spawn(program, { stdio: 'ignore' });
    children.push(child);
    const ended = once(child, 'exit');
    await waiting(child.pid!);
    for (const other of ['SIGCHLD', 'SIGSTOP', 'SIGCONT'] as const) child.kill(other);
    await waiting(child.pid!);
    expect(child.exitCode).toBeNull();
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  });

  it('is a few hundred bytes for both machines, and for no other', () => {
    expect(pauseProgram('amd64')).toHaveLength(194);
    expect(pauseProgram('arm64')).toHaveLength(244);
    expect(() => pauseProgram('riscv64')).toThrow(/only amd64 and arm64/);
  });
  it('comes in the same archive each time', () => { expect(pauseArchive('amd64').equals(pauseArchive('amd64'))).toBe(true); });
});

/** Until the process sleeps: rt_sigtimedwait is the only place where it can. */
async function waiting(pid: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!/^Name:\s+pause\n[\s\S]*^State:\s+S/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))) {
    if (Date.now() > deadline) throw new Error('the program never waits');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
