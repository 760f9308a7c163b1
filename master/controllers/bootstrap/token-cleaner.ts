// Deletes bootstrap tokens when their time is over. (upstream: pkg/controller/bootstrap/tokencleaner.go)
import { isConflict, isNotFound } from '../../../src/apimachinery/status-error.ts';
import { readBootstrapToken, tokenTimeLeft } from '../../../src/api/core/bootstrap-token.ts';
import { Secrets, type Secret } from '../../../src/api/core/secret.ts';
import { keyOf, splitKey } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';

export const tokenCleaner: Controller = {
  name: 'token-cleaner',
  watches: [{ resource: Secrets, map: (secret: Secret) => (readBootstrapToken(secret) ? [keyOf(secret)] : []) }],
  workers: 1,
  async reconcile({ client, cached, clock }: ControllerContext, key: string): Promise<ReconcileResult | void> {
    const secret = cached(Secrets).get(key);
    const token = secret && readBootstrapToken(secret);
    const left = token && tokenTimeLeft(token, clock.now());
    if (left === undefined) return undefined;
    if (left > 0) return { requeueAfter: left };
    // One that was made to last longer meanwhile stays.
    const preconditions = { uid: secret!.metadata.uid, resourceVersion: secret!.metadata.resourceVersion! };
    await client.delete(Secrets, splitKey(key), { preconditions }).catch((error: unknown) => { if (!isNotFound(error) && !isConflict(error)) throw error; });
    return undefined;
  },
};
