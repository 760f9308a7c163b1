// Publishes what an extension server needs to know who calls it: the authorities of clients and of the front proxy, and the headers in
// which that one says who asks. upstream: pkg/controlplane/controller/clusterauthenticationtrust/cluster_authentication_trust_controller.go
import { isAlreadyExists } from '../../../src/apimachinery/status-error.ts';
import { ConfigMaps, type ConfigMap } from '../../../src/api/core/config-map.ts';
import { Namespaces, type Namespace } from '../../../src/api/core/namespace.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';

const metadata = { namespace: 'kube-system', name: 'extension-apiserver-authentication' } as const;
const key = keyOf({ metadata });

export interface AuthenticationTrust {
  /** PEM of the authority of client certificates. */
  readonly clientCA: string;
  /** PEM of the authority of the front proxy's certificate, and the common names it may have. */
  readonly requestHeaderCA: string;
  readonly allowedNames: readonly string[];
  readonly headers: { readonly username: string; readonly uid: string; readonly group: string; readonly extraPrefix: string };
}

/** The ConfigMap's data; lists are JSON. */
export function trustData({ clientCA, requestHeaderCA, allowedNames, headers }: AuthenticationTrust): Record<string, string> {
  return {
    'client-ca-file': clientCA, 'requestheader-client-ca-file': requestHeaderCA, 'requestheader-allowed-names': JSON.stringify(allowedNames), 'requestheader-username-headers': JSON.stringify([headers.username]),
    'requestheader-uid-headers': JSON.stringify([headers.uid]), 'requestheader-group-headers': JSON.stringify([headers.group]), 'requestheader-extra-headers-prefix': JSON.stringify([headers.extraPrefix]),
  };
}

export function createClusterAuthenticationTrustController(trust: AuthenticationTrust): Controller {
  const data = trustData(trust);
  return {
    name: 'cluster-authentication-trust-controller',
    watches: [
      { resource: Namespaces, map: (namespace: Namespace) => (namespace.metadata.name === metadata.namespace ? [key] : []) },
      { resource: ConfigMaps, selector: { fieldSelector: `metadata.name=${metadata.name}` }, map: (configMap: ConfigMap) => (keyOf(configMap) === key ? [key] : []) },
    ],
    async reconcile({ client, cached }: ControllerContext): Promise<void> {
      const existing = cached(ConfigMaps).get(key);
      if (!existing) await client.create(ConfigMaps, { metadata, data }).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
      else if (!equalJson(existing.data, data)) await client.update(ConfigMaps, { ...existing, data } as Draft<ConfigMap>);
    },
  };
}
