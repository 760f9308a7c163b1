// Publishes the certificate authority of the API server in every namespace, where Pods find it mounted.
// upstream: pkg/controller/certificates/rootcacertpublisher/publisher.go
import { isAlreadyExists } from '../../../src/apimachinery/status-error.ts';
import { ConfigMaps, type ConfigMap } from '../../../src/api/core/config-map.ts';
import { Namespaces } from '../../../src/api/core/namespace.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';

const rootCAConfigMap = 'kube-root-ca.crt';
const key = 'ca.crt';
const description = 'kubernetes.io/description';
const text = 'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. '
  + 'No other usage is guaranteed across distributions of Kubernetes clusters.';

export function createRootCAPublisher(rootCA: string): Controller {
  return {
    name: 'root-ca-certificate-publisher',
    for: Namespaces,
    watches: [{ resource: ConfigMaps, selector: { fieldSelector: `metadata.name=${rootCAConfigMap}` }, map: ({ metadata }: ConfigMap) => [metadata.namespace!] }],
    async reconcile({ client, cached }: ControllerContext, name: string): Promise<void> {
      const namespace = cached(Namespaces).get(name);
      if (!namespace || namespace.metadata.deletionTimestamp) return;
      const existing = cached(ConfigMaps).get(`${name}/${rootCAConfigMap}`);
      const data = { [key]: rootCA };
      if (!existing) {
        await client.create(ConfigMaps, { metadata: { name: rootCAConfigMap, namespace: name, annotations: { [description]: text } }, data }).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
      } else if (existing.data?.[key] !== rootCA || Object.keys(existing.data).length !== 1 || !existing.metadata.annotations?.[description]) {
        const { metadata } = existing;
        await client.update(ConfigMaps, { ...existing, metadata: { ...metadata, annotations: { ...metadata.annotations, [description]: text } }, data } as Draft<ConfigMap>);
      }
    },
  };
}
