// Every Pod runs as a ServiceAccount of its namespace: `default` unless it names one, and it must exist. Unless the account or the Pod
// says otherwise, a token of the account is mounted where clients of the API look for it.
// upstream: plugin/pkg/admission/serviceaccount/admission.go
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { cloneJson } from '../../../src/util/json.ts';
import { mirrorAnnotation, podReferences } from '../pod-references.ts';
import type { Registry } from '../registry.ts';
import { randomSuffix } from '../generated-name.ts';
import type { AdmissionPlugin } from './admission.ts';

const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** Tokens of this life are known as mounted ones; see TokenRequest. */
const tokenSeconds = 3607;
const fileMode = 0o644;

interface Container { volumeMounts?: { name: string; readOnly?: boolean; mountPath: string }[] }
interface Volume { name: string; projected?: { sources?: { serviceAccountToken?: unknown }[]; defaultMode?: number } }
interface PodSpec {
  serviceAccountName?: string; serviceAccount?: string; automountServiceAccountToken?: boolean; imagePullSecrets?: unknown[];
  volumes?: Volume[]; containers?: Container[]; initContainers?: Container[];
}

export function serviceAccount(registry: Registry): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    mutate({ operation, resource, subresource, object, namespace, name }) {
      if (operation !== 'CREATE' || resource.group !== '' || resource.plural !== 'pods' || subresource !== '' || !object) return;
      const refuse = (why: string): never => { throw errors.forbidden({ group: '', resource: 'pods' }, name, why); };
      if (object.metadata.annotations?.[mirrorAnnotation] !== undefined) return;
      const spec = object['spec'] as PodSpec;
      spec.serviceAccountName ||= 'default';
      spec.serviceAccount = spec.serviceAccountName;
      const account = registry.find('', 'v1', 'serviceaccounts')?.find(namespace, spec.serviceAccountName)?.object;
      if (!account) return refuse(`error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`);
      const secrets = account['imagePullSecrets'] as unknown[] | undefined;
      if (!spec.imagePullSecrets?.length && secrets?.length) spec.imagePullSecrets = cloneJson(secrets);
      if (mounts(spec, account)) mountToken(spec);
    },
    validate({ operation, resource, subresource, object, name }) {
      if (operation !== 'CREATE' || resource.group !== '' || resource.plural !== 'pods' || subresource !== '' || object?.metadata.annotations?.[mirrorAnnotation] === undefined) return;
      const fault = mirrorFault(object);
      if (fault) throw errors.forbidden({ group: '', resource: 'pods' }, name, fault);
    },
  };
}

/** What stands for a Pod an agent runs on its own has nothing of the API's. */
function mirrorFault(pod: ApiObject): string | undefined {
  const { serviceAccountName, volumes = [] } = pod['spec'] as PodSpec;
  if (serviceAccountName) return 'a mirror pod may not reference service accounts';
  if (podReferences(pod).secrets.size > 0) return 'a mirror pod may not reference secrets';
  return volumes.some(({ projected }) => projected?.sources?.some((source) => source.serviceAccountToken)) ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined;
}

const mounts = (spec: PodSpec, account: ApiObject): boolean => spec.automountServiceAccountToken ?? (account['automountServiceAccountToken'] as boolean | null | undefined) ?? true;

/** Mounts the token into every container that has nothing at its place. */
function mountToken(spec: PodSpec): void {
  const existing = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix));
  const name = existing?.name ?? `${volumePrefix}${randomSuffix()}`;
  let mounted = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === tokenPath)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: tokenPath }];
    mounted = true;
  }
  if (existing || !mounted) return;
  spec.volumes = [...(spec.volumes ?? []), {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: fileMode,
    },
  } as Volume];
}
