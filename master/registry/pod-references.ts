// The API objects a Pod's spec names: what a node that runs the Pod has to read. Pure.
// upstream: pkg/api/v1/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames), pkg/api/v1/persistentvolume/util.go
import type { Pod } from '../../src/api/core/pod.ts';
import type { PersistentVolume } from '../../src/api/core/persistent-volume.ts';
import type { ApiObject } from '../../src/schema/resource.ts';

export const mirrorAnnotation = 'kubernetes.io/config.mirror';

export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly clusterTrustBundles: boolean;
  readonly serviceAccount: string | undefined;
}

type Named = { readonly name?: string } | undefined;

/** Names in the Pod's own namespace. */
export function podReferences(object: ApiObject): PodReferences {
  const { metadata, spec } = object as unknown as Pod;
  const [secrets, configMaps, claims] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let clusterTrustBundles = false;
  const add = (to: Set<string>, name: string | undefined): void => { if (name) to.add(name); };
  for (const secret of spec.imagePullSecrets ?? []) add(secrets, secret.name);
  for (const container of [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]) {
    for (const source of container.envFrom ?? []) {
      add(secrets, source.secretRef?.name);
      add(configMaps, source.configMapRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add(secrets, valueFrom?.secretKeyRef?.name);
      add(configMaps, valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add(secrets, volume.secret?.secretName);
    add(secrets, volume.azureFile?.secretName);
    add(secrets, volume.csi?.nodePublishSecretRef?.name);
    for (const kind of ['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos'] as const) add(secrets, (volume[kind] as { secretRef?: Named } | undefined)?.secretRef?.name);
    add(configMaps, volume.configMap?.name);
    add(claims, volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) add(claims, `${metadata.name}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add(secrets, source.secret?.name);
      add(configMaps, source.configMap?.name);
      clusterTrustBundles ||= source.clusterTrustBundle !== undefined;
    }
  }
  return { secrets, configMaps, claims, clusterTrustBundles, serviceAccount: spec.serviceAccountName || undefined };
}

/** `namespace/name` of the Secrets a node needs to mount a volume. */
export function volumeSecrets(object: ApiObject): string[] {
  const { spec } = object as unknown as PersistentVolume;
  const claimNamespace = spec.claimRef?.namespace ?? '';
  const found: string[] = [];
  const add = (name: string | undefined, namespace: string | undefined): void => { if (name) found.push(`${namespace || claimNamespace}/${name}`); };
  add(spec.azureFile?.secretName, spec.azureFile?.secretNamespace);
  for (const kind of ['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos'] as const) {
    const reference = (spec[kind] as { secretRef?: { name?: string; namespace?: string } } | undefined)?.secretRef;
    add(reference?.name, reference?.namespace);
  }
  for (const kind of ['nodePublishSecretRef', 'nodeStageSecretRef', 'nodeExpandSecretRef'] as const) add(spec.csi?.[kind]?.name, spec.csi?.[kind]?.namespace);
  return found;
}
