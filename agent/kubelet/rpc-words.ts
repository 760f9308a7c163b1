// A failed gRPC call in the words of Go's library, which is what users of plugins and probes know.
const codes = ['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'];

export const rpcWords = (code: number, details: string): string => `rpc error: code = ${codes[code] ?? `Code(${code})`} desc = ${details}`;
