// Where a page of a list ended, as clients carry it to the next. (upstream: apiserver storage/continue.go)
import { posix } from 'node:path';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { jsonKind } from '../../../src/apimachinery/go-text.ts';
import { goJsonError } from './body.ts';

/** A revision of -1 goes on from there in the present, come what may. */
export interface ContinueToken { v: 'meta.k8s.io/v1'; rv: number; start: string }
export const present = -1;

export const encodeContinue = (rv: number, start: string): string => Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start } satisfies ContinueToken)).toString('base64url');

/** @throws StatusError 400 */
export function decodeContinue(text: string): ContinueToken {
  const refuse = (why: string): never => { throw errors.badRequest(`invalid continue token: continue key is not valid: ${why}`); };
  const wrong = text.search(/[^\w-]/);
  // One character of base64 is half a byte.
  if (wrong >= 0 || text.length % 4 === 1) return refuse(`illegal base64 data at input byte ${wrong >= 0 ? wrong : text.length - 1}`);
  const json = Buffer.from(text, 'base64url').toString();
  const { v = '', rv = 0, start = '' } = fieldsOf(json, refuse);
  if (v !== 'meta.k8s.io/v1') return refuse(`server does not recognize this encoded version ${v}`);
  if (rv === 0) return refuse('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (start === '') return refuse('encoded start key empty (version meta.k8s.io/v1)');
  // A place is never above the list it is in.
  const whole = start.startsWith('/') ? start : `/${start}`;
  if (posix.join('/', whole).replace(/(.)\/$/, '$1') !== whole) return refuse(start);
  return { v, rv, start };
}

const types: Readonly<Record<keyof ContinueToken, readonly [json: string, go: string]>> = { v: ['string', 'string'], rv: ['number', 'int64'], start: ['string', 'string'] };

/** What is there, each of its type. */
function fieldsOf(json: string, refuse: (why: string) => never): { v?: string; rv?: number; start?: string } {
  let token: unknown;
  try {
    token = JSON.parse(json);
  } catch (error) {
    return refuse(goJsonError((error as Error).message, json));
  }
  if (token === null) return {};
  if (typeof token !== 'object' || Array.isArray(token)) return refuse(`json: cannot unmarshal ${jsonKind(token)} into Go value of type storage.continueToken`);
  const fields = token as Record<string, unknown>;
  for (const [name, [type, go]] of Object.entries(types)) {
    const value = Object.hasOwn(fields, name) ? fields[name] ?? undefined : undefined;
    const kind = jsonKind(value);
    if (value !== undefined && (kind !== type || (type === 'number' && !Number.isSafeInteger(value)))) refuse(`json: cannot unmarshal ${kind === 'number' ? `number ${String(value)}` : kind} into Go struct field continueToken.${name} of type ${go}`);
  }
  return fields as ReturnType<typeof fieldsOf>;
}
