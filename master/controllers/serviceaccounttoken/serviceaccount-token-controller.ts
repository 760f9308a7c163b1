// Fills Secrets of type kubernetes.io/service-account-token with a token of the account they name, and removes them with it.
// upstream: pkg/controller/serviceaccount/tokens_controller.go
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Secrets, type Secret } from '../../../src/api/core/secret.ts';
import { ServiceAccounts, type ServiceAccount } from '../../../src/api/core/service-account.ts';
import { keyOf, splitKey, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';

const type = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

export interface TokenSigner { legacy(account: { readonly namespace: string; readonly name: string; readonly uid: string }, secretName: string): Promise<string> }

const accountOf = (secret: Secret): string => (secret.type === type ? secret.metadata.annotations?.[nameAnnotation] ?? '' : '');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What the Secret's data lacks, beside the token, which only the signer can make. */
function lackingData(secret: Secret, rootCA: string): { readonly data: Readonly<Record<string, string>>; readonly token: boolean; readonly uid: boolean } {
  const { data = {}, metadata } = secret;
  return {
    data: {
      ...(rootCA && data['ca.crt'] !== base64(rootCA) ? { 'ca.crt': base64(rootCA) } : {}),
      ...(data['namespace'] ? {} : { namespace: base64(metadata.namespace!) }),
    },
    token: !data['token'], uid: !metadata.annotations?.[uidAnnotation],
  };
}

export function createServiceAccountTokenController(options: { readonly rootCA: string; readonly signer: TokenSigner }): Controller {
  const { rootCA, signer } = options;
  return {
    name: 'serviceaccount-token-controller',
    for: Secrets,
    watches: [{ resource: ServiceAccounts, map: ({ metadata }: ServiceAccount, { cached }) => cached(Secrets).list(metadata.namespace).filter((secret) => accountOf(secret) === metadata.name).map(keyOf) }],
    async reconcile({ client, cached }: ControllerContext, key: string): Promise<void> {
      const secret = cached(Secrets).get(key);
      const name = secret && accountOf(secret);
      if (!secret || !name || secret.metadata.deletionTimestamp) return;
      const { namespace = '', uid } = secret.metadata;
      const wantedUid = secret.metadata.annotations?.[uidAnnotation];
      // The cache may not have heard of an account that was made just before its Secret.
      const account = cached(ServiceAccounts).get(`${namespace}/${name}`) ?? await client.get(ServiceAccounts, { namespace, name }).catch((error: unknown) => { if (isNotFound(error)) return undefined; throw error; });
      if (!account || (wantedUid && wantedUid !== account.metadata.uid)) {
        await client.delete(Secrets, splitKey(key), { preconditions: { uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
        return;
      }
      const lacks = lackingData(secret, rootCA);
      if (!Object.keys(lacks.data).length && !lacks.token && !lacks.uid) return;
      const token = lacks.token ? { token: base64(await signer.legacy({ namespace, name, uid: account.metadata.uid }, secret.metadata.name)) } : {};
      const { metadata } = secret;
      await client.update(Secrets, { ...secret, metadata: { ...metadata, annotations: { ...metadata.annotations, [nameAnnotation]: name, [uidAnnotation]: account.metadata.uid } }, data: { ...secret.data, ...lacks.data, ...token } } as Draft<Secret>);
    },
  };
}
