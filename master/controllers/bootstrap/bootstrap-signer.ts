// Signs cluster-info of kube-public with every bootstrap token that may, so that who holds a token can tell that it is genuine.
// upstream: pkg/controller/bootstrap/bootstrapsigner.go
import { bootstrapTokenType, clusterInfo, clusterInfoKey, detachedSignature, readBootstrapToken, signaturePrefix, tokenTimeLeft } from '../../../src/api/core/bootstrap-token.ts';
import { ConfigMaps, type ConfigMap } from '../../../src/api/core/config-map.ts';
import { Secrets, type Secret } from '../../../src/api/core/secret.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';

const key = keyOf({ metadata: clusterInfo });

/** The data of cluster-info with the signatures it should have: one of each token, and none else. */
export function signedInfo(data: Readonly<Record<string, string>>, secrets: readonly Secret[], now: number): Record<string, string> {
  const kept = Object.entries(data).filter(([name]) => !name.startsWith(signaturePrefix));
  const text = data[clusterInfoKey];
  const tokens = text === undefined ? [] : secrets.flatMap((secret) => readBootstrapToken(secret) ?? []).filter((token) => token.usages.includes('signing') && tokenTimeLeft(token, now) !== 0);
  return Object.fromEntries([...kept, ...tokens.map((token) => [signaturePrefix + token.id, detachedSignature(text!, token)] as const)]);
}

const same = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, value]) => b[name] === value);

export const bootstrapSigner: Controller = {
  name: 'bootstrap-signer',
  watches: [
    // Only this one: a cache of all would hold every ConfigMap of the cluster whole.
    { resource: ConfigMaps, selector: { fieldSelector: `metadata.namespace=${clusterInfo.namespace},metadata.name=${clusterInfo.name}` }, map: (object: ConfigMap) => [keyOf(object)] },
    { resource: Secrets, map: (secret: Secret) => (secret.type === bootstrapTokenType ? [key] : []) },
  ],
  workers: 1,
  async reconcile({ client, cached, clock }: ControllerContext): Promise<void> {
    const info = cached(ConfigMaps).get(key);
    if (!info) return;
    const data = signedInfo(info.data ?? {}, cached(Secrets).list(), clock.now());
    if (!same(data, info.data ?? {})) await client.update(ConfigMaps, { ...info, data } as Draft<ConfigMap>);
  },
};
