// How exec and attach tell their end on the error stream: a Status from v4 on, text before. upstream: kubelet
// pkg/cri/streaming/remotecommand/exec.go

export interface RemoteCommandStatus {
  readonly metadata: object;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason?: string; readonly message: string }[] };
  readonly code?: number;
}

export function exitStatus(exitCode: number): RemoteCommandStatus {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {}, status: 'Failure', message: `command terminated with non-zero exit code: exit status ${exitCode}`, reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** `what` failed before there was an exit code, as in "error executing command in container: …". */
export const failureStatus = (what: string): RemoteCommandStatus =>
  ({ metadata: {}, status: 'Failure', message: `Internal error occurred: ${what}`, reason: 'InternalError', details: { causes: [{ message: what }] }, code: 500 });

/** The bytes of the error stream; none for a success told as text. */
export function statusBytes(status: RemoteCommandStatus, asStatus: boolean): Buffer {
  if (asStatus) return Buffer.from(JSON.stringify(status));
  return Buffer.from(status.status === 'Success' ? '' : status.message ?? '');
}
