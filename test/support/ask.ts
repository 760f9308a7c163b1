// A request to an API server in this process, with all of its answer: the status code, the object, and the warnings.
import type { User } from '../../master/registry/request-context.ts';
import type { TestApi } from './api-server.ts';

export interface Answered { readonly code: number; readonly object: any; readonly warnings: readonly string[]; /** `422 Namespace "n" is invalid: …`; the code alone for a success. */ readonly text: string }

const admin: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/** `path` may have a query. Bodies of a PATCH are JSON merge patches. */
export async function ask({ server }: TestApi, method: string, path: string, body?: object, user: User = admin): Promise<Answered> {
  const url = new URL(path, 'https://test');
  const { answer, warnings, done } = await server.handle({
    method, path: url.pathname, query: url.searchParams, headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
    body: () => Promise.resolve({ value: structuredClone(body) }), signal: new AbortController().signal, peer: { user, address: 'in-process' },
  });
  done();
  if (answer.kind !== 'object') throw new Error(`${method} ${path} answers ${answer.kind}`);
  const object = answer.value() as { message?: string };
  return { code: answer.status, object, warnings, text: answer.status < 400 ? String(answer.status) : `${answer.status} ${object.message}` };
}
