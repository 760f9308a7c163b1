// The fake runtime passes the suite that the Docker runtime passes.
import { FakeRuntime } from '../../agent/runtime/fake.ts';
import { exitsAfter, ignoresStop, prints, runsUntilStopped } from '../../agent/runtime/fake-process.ts';
import type { FakeProgram } from '../../agent/runtime/fake-process.ts';
import { realClock } from '../../src/util/clock.ts';
import { runtimeContract, scripts } from './runtime.ts';

const programs: Record<keyof typeof scripts, FakeProgram> = {
  untilStopped: prints(['first'], runsUntilStopped),
  stubborn: prints(['ready'], ignoresStop),
  talks: async ({ stdout, stderr }) => { stdout.write('one\n'); stderr.write('two\n'); stdout.write('three\n'); return 0; },
  fails: prints(['broken'], exitsAfter(0, 3)),
  echoes: async ({ stdin, stdout }) => { for await (const chunk of stdin) stdout.write(chunk); return 0; },
  result: async ({ stdout, stderr }) => { stdout.write('out\n'); stderr.write('err\n'); return 5; },
  hangs: prints(['started'], ignoresStop),
  floods: async ({ stdout }) => {
    for (let sent = 0; sent < 3_000_000; sent += 100_000) await new Promise<void>((resolve) => stdout.write(Buffer.alloc(100_000), () => resolve()));
    return 0;
  },
  environment: async ({ env, stdout }) => { stdout.write(`${env['GREETING']}\n`); return 0; },
};
const shell: FakeProgram = (process) => {
  const script = Object.entries(scripts).find(([, text]) => text === process.command.at(-1))?.[0] as keyof typeof scripts | undefined;
  return script ? programs[script](process) : exitsAfter(0, 127)(process);
};

runtimeContract('the fake runtime', async () => {
  const runtime = new FakeRuntime({
    clock: realClock,
    images: {
      'test/shell:1': {
        main: shell, exec: shell,
        startError: { message: 'exec: "/no/such/program": stat /no/such/program: no such file or directory', exitCode: 127, when: (command) => command[0] === '/no/such/program' },
      },
    },
  });
  return { runtime, image: 'test/shell:1', network: 'pods', address: (n) => `10.88.1.${n}`, group: '/pods/one', groupOf: (id) => Promise.resolve(runtime.groupOf(id)) };
});
