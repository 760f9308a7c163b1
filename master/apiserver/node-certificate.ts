// `POST /dray/v1/nodes/{node}/certificate` with `{"publicKey": PEM}`: a new certificate for an agent, which shows the one it has. The
// key is the agent's own and never leaves its host.
import * as errors from '../../src/apimachinery/status-error.ts';
import { nodeOf } from '../registry/node-identity.ts';
import type { PathHandler } from './api-server.ts';
import { readBody } from './handlers/body.ts';
import { objectAnswer } from './request.ts';

/** `issue` resolves with the PEM of a certificate and throws when the key is none. */
export function nodeCertificateHandler(issue: (node: string, publicKey: string) => Promise<string>): PathHandler {
  return {
    path: '/dray/v1/nodes/',
    async handle(request) {
      const [, , , , name = '', what, ...rest] = request.path.split('/');
      if (what !== 'certificate' || rest.length) throw errors.pageNotFound();
      if (request.method !== 'POST') throw errors.methodNotAllowed();
      const node = decodeURIComponent(name);
      if (nodeOf(request.user) !== node) throw errors.forbidden({ group: '', resource: 'nodes' }, node, `User "${request.user.name}" cannot ask for a certificate of this node`);
      const { publicKey } = (await readBody(request, 'NodeCertificate', () => undefined)).value as { publicKey?: unknown };
      if (typeof publicKey !== 'string') throw errors.badRequest('publicKey must be the PEM of a public key');
      let certificate: string;
      try {
        certificate = await issue(node, publicKey);
      } catch (error) {
        throw errors.badRequest(`publicKey: ${(error as Error).message}`);
      }
      return objectAnswer({ kind: 'NodeCertificate', apiVersion: 'dray.io/v1', certificate }, 201);
    },
  };
}
