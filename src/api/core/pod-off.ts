// What of a Pod's specification a write does not keep, as the features that read it are off by default in Kubernetes 1.33.
// upstream: pkg/api/pod/util.go, dropDisabledFields

interface Container { resources?: { claims?: unknown }; lifecycle?: { stopSignal?: string }; volumeMounts?: { name: string }[] }
interface Volume { readonly name: string; readonly image?: object; readonly projected?: { readonly sources?: { clusterTrustBundle?: object }[] | null } }
interface Spec { resources?: object; resourceClaims?: unknown[]; containers?: Container[]; initContainers?: Container[]; ephemeralContainers?: Container[]; volumes?: Volume[] }

const containersOf = ({ containers, initContainers, ephemeralContainers }: Spec): Container[] => [...(containers ?? []), ...(initContainers ?? []), ...(ephemeralContainers ?? [])];

/** A lifecycle that said nothing else is none. */
function dropStopSignals(spec: Spec, old: Spec | undefined): void {
  const having = containersOf(spec).filter(({ lifecycle }) => lifecycle?.stopSignal !== undefined);
  if (having.length === 0 || (old && containersOf(old).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined))) return;
  for (const container of having) {
    delete container.lifecycle!.stopSignal;
    if (Object.keys(container.lifecycle!).length === 0) delete container.lifecycle;
  }
}

function dropClaims(spec: Spec, old: Spec | undefined): void {
  if (old?.resourceClaims?.length) return;
  delete spec.resourceClaims;
  for (const { resources } of containersOf(spec)) if (resources?.claims) delete resources.claims;
}

const bundlesOf = ({ volumes }: Spec): { clusterTrustBundle?: object }[] => (volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []).filter((source) => source.clusterTrustBundle !== undefined);

/** A volume of an image goes whole, and with it its mounts. */
function dropImageVolumes(spec: Spec, old: Spec | undefined): void {
  const names = new Set((spec.volumes ?? []).filter(({ image }) => image !== undefined).map(({ name }) => name));
  if (names.size === 0 || old?.volumes?.some(({ image }) => image !== undefined)) return;
  spec.volumes = spec.volumes!.filter(({ name }) => !names.has(name));
  if (spec.volumes.length === 0) delete spec.volumes;
  for (const container of containersOf(spec)) {
    if (!container.volumeMounts) continue;
    container.volumeMounts = container.volumeMounts.filter(({ name }) => !names.has(name));
    if (container.volumeMounts.length === 0) delete container.volumeMounts;
  }
}

export function dropOffPodFields(spec: Spec, old: Spec | undefined): void {
  if (!old?.resources) delete spec.resources;
  dropClaims(spec, old);
  const bundles = bundlesOf(spec);
  if (bundles.length > 0 && (!old || bundlesOf(old).length === 0)) for (const source of bundles) delete source.clusterTrustBundle;
  dropImageVolumes(spec, old);
  dropStopSignals(spec, old);
}
