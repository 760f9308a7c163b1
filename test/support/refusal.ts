// What a call is refused with; a call that is let through fails the test. And what may be there already, but not refused otherwise.
import { isAlreadyExists, StatusError } from '../../src/apimachinery/status-error.ts';

export async function refusal(call: Promise<unknown>): Promise<StatusError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('the call was expected to be refused');
}

export interface Told { readonly code: number; readonly reason?: string; readonly message: string }
/** The same as clients are told it; a reason only where there is one. */
export async function told(call: Promise<unknown>): Promise<Told> {
  const { status } = await refusal(call);
  return { code: status.code!, ...(status.reason ? { reason: status.reason } : {}), message: status.message! };
}

/** Waits for a create of what may be there already; every other refusal fails the test. */
export async function unlessThere(create: Promise<unknown>): Promise<void> {
  try {
    await create;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
