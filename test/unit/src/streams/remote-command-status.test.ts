// What clients are told at the end of an exec.
import { exitStatus, failureStatus, statusBytes } from '../../../../src/streams/remote-command-status.ts';
import { remoteCommandOptions } from '../../../../src/streams/remote-command.ts';

describe('status on the error stream', () => {
  it.each([
    ['success', exitStatus(0), '{"metadata":{},"status":"Success"}', ''],
    ['exit code', exitStatus(3), '{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}', 'command terminated with non-zero exit code: exit status 3'],
    ['failure', failureStatus('gone'), '{"metadata":{},"status":"Failure","message":"Internal error occurred: gone","reason":"InternalError","details":{"causes":[{"message":"gone"}]},"code":500}', 'Internal error occurred: gone'],
  ])('%s', (_, status, json, words) => {
    expect(statusBytes(status, true).toString()).toBe(json);
    expect(statusBytes(status, false).toString()).toBe(words);
  });
});

describe('options of a request', () => {
  it.each([
    ['stdin=true&stdout=true&stderr=true', { stdin: true, stdout: true, stderr: true, tty: false }],
    ['stdout=1&stderr=1&tty=1', { stdin: false, stdout: true, stderr: false, tty: true }],
    ['stdin=false&stdout=0&stderr', { stdin: false, stdout: false, stderr: true, tty: false }],
    ['', { stdin: false, stdout: false, stderr: false, tty: false }],
  ])('%s', (query, options) => { expect(remoteCommandOptions(new URLSearchParams(query))).toEqual(options); });
});
