// Tar archives made here, read by the system's own tar.
import { execFileSync } from 'node:child_process';
import { imageArchive } from '../../../src/util/image-archive.ts';
import { tar } from '../../../src/util/tar.ts';

const list = (archive: Buffer): string[] => execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--full-time', '--utc'], { input: archive, encoding: 'utf8' }).trim().split('\n').map((line) => line.replace(/ +/g, ' '));
const deep = `${'d'.repeat(60)}/${'e'.repeat(60)}/file`;

describe('tar', () => {
  it('writes what tar reads', () => {
    const archive = tar([
      { path: 'bin', type: 'directory' }, { path: 'bin/tool', content: 'x'.repeat(513), mode: 0o755 }, { path: 'bin/link', type: 'symlink', target: 'tool' },
      { path: 'tmp', type: 'directory', mode: 0o1777 }, { path: deep, content: Buffer.from([0, 255]), uid: 5, gid: 6 },
    ]);
    expect(list(archive)).toEqual([
      'drwxr-xr-x 0/0 0 1970-01-01 00:00:00 bin/', '-rwxr-xr-x 0/0 513 1970-01-01 00:00:00 bin/tool', 'lrwxr-xr-x 0/0 0 1970-01-01 00:00:00 bin/link -> tool',
      'drwxrwxrwt 0/0 0 1970-01-01 00:00:00 tmp/', `-rw-r--r-- 5/6 2 1970-01-01 00:00:00 ${deep}`,
    ]);
    expect(execFileSync('tar', ['-xOf', '-', deep], { input: archive })).toEqual(Buffer.from([0, 255]));
  });
  it('refuses what does not fit', () => {
    expect(() => tar([{ path: 'a'.repeat(101) }])).toThrow(RangeError);
    expect(() => tar([{ path: 'l', type: 'symlink', target: 'a'.repeat(101) }])).toThrow(RangeError);
  });
});

describe('imageArchive', () => {
  it('is the same for the same content, and another for another', () => {
    const make = (content: string) => imageArchive({ tags: ['a:1'], architecture: 'amd64', config: { Cmd: ['x'] }, files: [{ path: 'x', content }] });
    expect(make('1').archive.equals(make('1').archive)).toBe(true);
    expect(make('1').id).not.toBe(make('2').id);
    expect(make('1').id).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});
