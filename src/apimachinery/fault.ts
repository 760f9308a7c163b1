// Validation faults (upstream: apimachinery field.Error): what is wrong with one field, in Kubernetes' words.
export type FaultType = 'Required' | 'Invalid' | 'NotSupported' | 'Forbidden' | 'Duplicate' | 'TooLong' | 'TooMany' | 'NotFound' | 'InternalError' | 'TypeInvalid';

export interface Fault { readonly type: FaultType; readonly field: string; readonly message: string }

/** `child('spec', 'replicas')` → `spec.replicas`; an empty path is the root. */
export const child = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
export const index = (path: string, i: number): string => `${path}[${i}]`;
export const key = (path: string, k: string): string => `${path}[${k}]`;

/** Go's %q for text, plain numbers and booleans, JSON for the rest (Go's own struct text cannot be reproduced). */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null || value === undefined) return '"null"';
  return JSON.stringify(value);
}

const withDetail = (head: string, detail: string | undefined): string => (detail ? `${head}: ${detail}` : head);

export const required = (field: string, detail = ''): Fault => ({ type: 'Required', field, message: withDetail('Required value', detail) });
export const invalid = (field: string, value: unknown, detail: string): Fault => ({ type: 'Invalid', field, message: withDetail(`Invalid value: ${show(value)}`, detail) });
export const typeInvalid = (field: string, value: unknown, detail: string): Fault => ({ type: 'TypeInvalid', field, message: withDetail(`Invalid value: ${show(value)}`, detail) });
/** Upstream mostly lists a sorted set; some validators list what they wrote down. */
export const notSupported = (field: string, value: unknown, supported: readonly string[], order: 'sorted' | 'given' = 'sorted'): Fault => ({
  type: 'NotSupported', field, message: withDetail(`Unsupported value: ${show(value)}`, supported.length ? `supported values: ${(order === 'sorted' ? [...supported].sort() : supported).map(show).join(', ')}` : ''),
});
export const forbidden = (field: string, detail: string): Fault => ({ type: 'Forbidden', field, message: withDetail('Forbidden', detail) });
export const duplicate = (field: string, value: unknown): Fault => ({ type: 'Duplicate', field, message: `Duplicate value: ${show(value)}` });
export const tooLong = (field: string, _value: unknown, max: number): Fault => ({ type: 'TooLong', field, message: `Too long: may not be more than ${max} bytes` });
export const tooMany = (field: string, actual: number, max: number): Fault => ({ type: 'TooMany', field, message: `Too many: ${actual}: must have at most ${max} items` });
export const notFound = (field: string, value: unknown): Fault => ({ type: 'NotFound', field, message: `Not found: ${show(value)}` });

/** The `reason` of a Status cause for this fault. */
export function causeReason(type: FaultType): string {
  return type === 'InternalError' ? 'InternalError' : `FieldValue${type}`;
}
