// Reads what a container's environment refers to, so that `environment` can compute it without waiting.
import type { Service } from '../../src/api/core/service.ts';
import type { NodeAllocatable, PodAddresses } from './downward.ts';
import { visibleServices, type EnvSources } from './env.ts';
import type { ObjectCache } from './object-cache.ts';
import type { Container, Pod } from './pod.ts';
import type { DataEntries } from './volumes/plugin.ts';

export interface EnvReader { readonly objects: Pick<ObjectCache, 'configMap' | 'secret'>; readonly services: () => readonly Service[]; readonly allocatable: NodeAllocatable }

const asText = (entries: DataEntries): Record<string, string> => Object.fromEntries([...entries].map(([key, value]) => [key, value.toString()]));

export async function readEnvSources(pod: Pod, container: Container, addresses: PodAddresses, reader: EnvReader): Promise<EnvSources> {
  const configMaps = new Map<string, Record<string, string> | undefined>();
  const secrets = new Map<string, Record<string, string> | undefined>();
  for (const source of [...(container.envFrom ?? []), ...(container.env ?? []).map((e) => e.valueFrom ?? {})]) {
    const { configMapRef, configMapKeyRef, secretRef, secretKeyRef } = source as Partial<Record<'configMapRef' | 'configMapKeyRef' | 'secretRef' | 'secretKeyRef', { name?: string }>>;
    const configMap = (configMapRef ?? configMapKeyRef)?.name;
    const secret = (secretRef ?? secretKeyRef)?.name;
    if (configMap !== undefined && !configMaps.has(configMap)) configMaps.set(configMap, await reader.objects.configMap(pod, configMap).then((e) => e && asText(e)));
    if (secret !== undefined && !secrets.has(secret)) secrets.set(secret, await reader.objects.secret(pod, secret).then((e) => e && asText(e)));
  }
  return { configMap: (name) => configMaps.get(name), secret: (name) => secrets.get(name), services: visibleServices(pod, reader.services()), addresses, allocatable: reader.allocatable };
}
