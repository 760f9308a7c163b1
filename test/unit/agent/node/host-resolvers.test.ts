// The host's resolver files are read anew when they are written, replaced, or come to be.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followResolverFiles, readResolverFiles } from '../../../../agent/node/host-resolvers.ts';
import { silentLog } from '../../../../src/util/log.ts';

it('follows files through links, and one that is not there yet', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'dray-resolvers-'));
  const stop = new AbortController();
  try {
    for (const name of ['etc', 'run']) mkdirSync(join(directory, name));
    const [link, target, own] = [join(directory, 'etc/resolv.conf'), join(directory, 'run/stub.conf'), join(directory, 'run/resolv.conf')];
    writeFileSync(target, 'nameserver 127.0.0.53\n');
    symlinkSync(target, link);
    expect((await readResolverFiles([link, own])).map(({ text }) => text)).toEqual(['nameserver 127.0.0.53\n', '']);
    let texts: string[] = [];
    let look = (): void => undefined;
    await followResolverFiles([link, own], { log: silentLog, signal: stop.signal, changed: (files) => { texts = files.map(({ text }) => text); look(); } });
    const until = (index: number, text: string): Promise<void> => new Promise((resolve) => {
      look = () => { if (texts[index] === text) resolve(); };
      look();
    });
    writeFileSync(own, 'nameserver 192.0.2.1\n');
    await until(1, 'nameserver 192.0.2.1\n');
    writeFileSync(`${target}.new`, 'nameserver 192.0.2.2\n');
    renameSync(`${target}.new`, target);
    await until(0, 'nameserver 192.0.2.2\n');
    rmSync(link);
    writeFileSync(link, 'nameserver 192.0.2.3\n');
    await until(0, 'nameserver 192.0.2.3\n');
  } finally {
    stop.abort();
    rmSync(directory, { recursive: true });
  }
});
