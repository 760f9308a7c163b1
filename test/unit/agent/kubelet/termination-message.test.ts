// What a container leaves behind as its last words.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerAnnotations } from '../../../../agent/kubelet/labels.ts';
import { withTerminationMessage } from '../../../../agent/kubelet/termination-message.ts';
import type { Runtime } from '../../../../agent/runtime/runtime.ts';
import { container, pod, ran } from './pods.ts';

let directory: string;
beforeAll(() => { directory = mkdtempSync(join(tmpdir(), 'dray-message-')); });
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function* said(text: string): AsyncGenerator<Uint8Array> { yield await Promise.resolve(Buffer.from(text)); }
const message = async ({ file, log = 'log', policy = 'File', exitCode = 1 }: { file?: string; log?: string; policy?: string; exitCode?: number }): Promise<string> => {
  const terminationFile = file === undefined ? '' : join(directory, 'message');
  if (file !== undefined) writeFileSync(terminationFile, file);
  const of = container('a', { terminationMessagePolicy: policy } as never);
  const status = { ...ran('a', { state: 'exited', exitCode }), annotations: containerAnnotations(pod(), of, { kind: 'regular', restartCount: 0, terminationFile }) };
  return (await withTerminationMessage({ logs: () => said(log) } as unknown as Runtime, status)).message;
};

it.each<[string, Parameters<typeof message>[0], string]>([
  ['its file', { file: 'DONE' }, 'DONE'],
  ['the end of a long file', { file: `${'a'.repeat(5000)}END` }, `${'a'.repeat(4093)}END`],
  ['nothing', { file: '' }, ''],
  ['nothing where there is no file', {}, ''],
  ['its log when it failed', { file: '', policy: 'FallbackToLogsOnError' }, 'log'],
  ['the end of a long log', { policy: 'FallbackToLogsOnError', log: `${'a'.repeat(5000)}END` }, `${'a'.repeat(2045)}END`],
  ['its file rather than its log', { file: 'OK', policy: 'FallbackToLogsOnError' }, 'OK'],
  ['nothing of its log when it did not fail', { file: '', policy: 'FallbackToLogsOnError', exitCode: 0 }, ''],
])('is %s', async (_, row, expected) => expect(await message(row)).toBe(expected));
