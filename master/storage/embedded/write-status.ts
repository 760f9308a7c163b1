// Why a transaction failed, taken where lmdb's write thread tells it. lmdb itself prints the cause to the console and rejects a
// promise of its own with it, besides the one its caller holds; here it is told once, to who holds the transaction.
import { getSystemErrorName } from 'node:util';

type Callback = (status: number) => unknown;
/** lmdb's native environment: `startWriting` calls back with 0 to 2 on its way, and with the code of an error. */
interface Environment { readonly startWriting?: (address: number, callback: Callback) => unknown }
/** "A part is committed": lmdb settles what it can, and rejects what its thread has marked as failed. */
const settle = 1;

export class WriteStatus {
  #code: number | undefined;

  /** Comes between the environment of an open database and its thread. */
  watch(root: object): void {
    const { env } = root as { env?: Environment };
    const start = env?.startWriting;
    if (!env || !start) return;
    const value = (address: number, callback: Callback): unknown => start.call(env, address, (status) => {
      if (status >= 0 && status <= 2) return callback(status);
      this.#code = status;
      return callback(settle);
    });
    // The method is its class's and cannot be assigned to.
    Object.defineProperty(env, 'startWriting', { value });
  }

  /** Before a transaction. */
  reset(): void { this.#code = undefined; }

  /** Why the transaction failed; `error` where the thread did not say. */
  cause(error: Error): Error {
    if (this.#code === undefined) return error;
    // Errors of the system are positive, lmdb's own are negative.
    const name = this.#code > 0 ? getSystemErrorName(-this.#code) : `lmdb ${this.#code}`;
    return Object.assign(new Error(`the transaction failed: ${name}`, { cause: error }), { code: name });
  }
}
