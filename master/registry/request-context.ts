// What a request carries through the registry: who asks, with which options, and what is to be told besides the answer.
import * as errors from '../../src/apimachinery/status-error.ts';

export interface User { readonly name: string; readonly uid?: string; readonly groups: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> }

export interface RequestContext {
  readonly user: User;
  readonly dryRun: boolean;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  readonly fieldManager: string;
  /** Sent as `Warning:` headers. */
  readonly warnings: string[];
  /** When the client stops waiting for an answer, in ms of the monotonic clock: what begins later is in vain. */
  readonly until?: number;
  /** Options as the client gave them; '' for those it did not. */
  readonly asked?: { readonly fieldManager: string; readonly fieldValidation: string };
  /** A step of the server's own within a request: webhooks have been asked about that as a whole. */
  readonly withinAdmitted?: true;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: readonly string[];
}

/** Parses a resourceVersion query value. @throws StatusError 400 */
export function parseRevision(text: string | null | undefined): number {
  if (text === null || text === undefined || text === '' || text === '0') return 0;
  if (!/^\d{1,15}$/.test(text)) throw errors.badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
