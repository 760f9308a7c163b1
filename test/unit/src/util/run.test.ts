// Programs run to their end, follow until aborted, and say why they failed.
import { commands, CommandError, follow, run } from '../../../../src/util/run.ts';

describe('run', () => {
  it('passes input and gives stdout', async () => {
    expect(await run('cat', [], { input: 'a b\n' })).toBe('a b\n');
    expect(await run('printf', ['%s|', 'a b', '$HOME'])).toBe('a b|$HOME|');
  });
  it('carries stderr and the exit code', async () => {
    await expect(run('ls', ['/does/not/exist'])).rejects.toMatchObject({ exitCode: 2, stderr: expect.stringContaining('/does/not/exist') });
    await expect(run('ls', ['/does/not/exist'])).rejects.toBeInstanceOf(CommandError);
  });
  it('says when the program is missing', async () => {
    await expect(run('no-such-program', ['x'], { input: 'y' })).rejects.toMatchObject({ message: 'no-such-program x: ENOENT', code: 'ENOENT' });
  });
  it('survives a program that does not read its input', async () => {
    await expect(run('false', [], { input: 'x'.repeat(1_000_000) })).rejects.toMatchObject({ exitCode: 1 });
  });
});

describe('follow', () => {
  it('gives lines until aborted, then ends the program', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    for await (const line of commands.follow('sh', ['-c', 'echo $$; exec sleep 60'], stop.signal)) {
      lines.push(line);
      stop.abort();
    }
    expect(lines).toHaveLength(1);
    // Ends with that process; the signal is sent, not yet heeded. 124 would be the exit code of a wait in vain.
    await run('timeout', ['20', 'tail', '-s', '0.02', `--pid=${lines[0]}`, '-f', '/dev/null']);
  });
  it('throws when it ends by itself', async () => {
    const read = async (): Promise<void> => { for await (const line of follow('sh', ['-c', 'echo no >&2; exit 3'], new AbortController().signal)) expect(line).toBe(''); };
    await expect(read()).rejects.toMatchObject({ exitCode: 3, stderr: 'no\n' });
  });
});
