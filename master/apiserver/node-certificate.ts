// `POST /dray/v1/nodes/{node}/certificate` with `{"publicKey": PEM}`: a new certificate for an agent, which shows the one it has. The
// key is the agent's own and never leaves its host. `DELETE` of the same refuses all the node has had so far: it is taken out.
import * as errors from '../../src/apimachinery/status-error.ts';
import { isDNS1123Subdomain } from '../../src/apimachinery/names.ts';
import { nodeOf } from '../registry/node-identity.ts';
import type { PathHandler } from './api-server.ts';
import { readBody } from './handlers/body.ts';
import { objectAnswer } from './request.ts';

export interface NodeCertificates {
  /** Resolves with the PEM of a certificate and throws when the key is none. */
  issue(node: string, publicKey: string): Promise<string>;
  /** Refuses the certificates the node has. */
  revoke(node: string): Promise<void>;
}

export function nodeCertificateHandler({ issue, revoke }: NodeCertificates): PathHandler {
  return {
    path: '/dray/v1/nodes/',
    async handle(request) {
      const [, , , , name = '', what, ...rest] = request.path.split('/');
      if (what !== 'certificate' || rest.length) throw errors.pageNotFound();
      const node = decodeURIComponent(name);
      const [fault] = isDNS1123Subdomain(node);
      if (fault !== undefined) throw errors.badRequest(`the name of the node: ${fault}`);
      if (request.method === 'DELETE') {
        // Agents may use these paths, each for itself; taking a node out is others' to do.
        if (nodeOf(request.user) !== undefined) throw errors.forbidden({ group: '', resource: 'nodes' }, node, `User "${request.user.name}" cannot take nodes out`);
        await revoke(node);
        return objectAnswer({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
      }
      if (request.method !== 'POST') throw errors.methodNotAllowed();
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
