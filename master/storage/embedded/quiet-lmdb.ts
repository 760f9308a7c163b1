// lmdb prints the cause of a failed transaction to the console before it rejects with it. What fails here is answered and logged by
// those who wrote, so the print is held back: for the length of lmdb's own callback, which runs in one go, and for nothing else.

type Callback = (status: number) => unknown;
/** lmdb's native environment: `startWriting` calls back with 0 to 2 on its way, and with the code of an error. */
interface Environment { readonly startWriting?: (address: number, callback: Callback) => unknown }

export function holdBackPrints(root: object): void {
  const { env } = root as { env?: Environment };
  const start = env?.startWriting;
  if (!env || !start) return;
  const value = (address: number, callback: Callback): unknown => start.call(env, address, (status) => (status >= 0 && status <= 2 ? callback(status) : withoutPrints(() => callback(status))));
  // The method is its class's and cannot be assigned to.
  Object.defineProperty(env, 'startWriting', { value });
}

function withoutPrints<T>(call: () => T): T {
  const printer = globalThis.console;
  const { error } = printer;
  printer.error = () => undefined;
  try {
    return call();
  } finally {
    printer.error = error;
  }
}
