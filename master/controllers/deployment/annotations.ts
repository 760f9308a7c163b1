// The annotations a Deployment keeps on its ReplicaSets: revision, its history, and the sizes that tell a scaling from a roll-out.
// upstream: pkg/controller/deployment/util/deployment_util.go (SetNewReplicaSetAnnotations)

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

type Annotations = Readonly<Record<string, string>>;
interface Annotated { readonly metadata: { readonly annotations?: Annotations } }

/** Not copied from the Deployment: they are about the object they stand on. */
const ownAnnotations = new Set(['kubectl.kubernetes.io/last-applied-configuration', revisionAnnotation, revisionHistoryAnnotation, desiredReplicasAnnotation, maxReplicasAnnotation, 'deprecated.deployment.rollback.to']);
/** The history is a text of at most this many characters; the oldest revisions are dropped first. */
const historyLimit = 2000;

/** An annotated revision, which has 64 bits; undefined when the text is none. */
function parseRevision(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const revision = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, revision) === revision ? revision : undefined;
}
/** The revision of a ReplicaSet or Deployment; 0 when it has none or no number. */
export const revisionOf = (object: Annotated): bigint => parseRevision(object.metadata.annotations?.[revisionAnnotation] ?? '') ?? 0n;
export const maxRevision = (sets: readonly Annotated[]): bigint => sets.map(revisionOf).reduce((max, revision) => (revision > max ? revision : max), 0n);

/** The number in an annotation, when it is one. */
export function countAnnotation(object: Annotated, key: string): number | undefined {
  const text = object.metadata.annotations?.[key];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export const sizeAnnotations = (replicas: number, maxSurge: number): Annotations => ({ [desiredReplicasAnnotation]: String(replicas), [maxReplicasAnnotation]: String(replicas + maxSurge) });

/**
 * The annotations the Deployment's current ReplicaSet should have: the Deployment's own, the newest revision, and the
 * revisions it had before when it becomes current again by a rollback. A revision that is no number stays.
 */
export function currentSetAnnotations(deployment: Annotated, existing: Annotations | undefined, revision: bigint): Annotations {
  const annotations: Record<string, string> = { ...existing };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!ownAnnotations.has(key)) annotations[key] = value;
  const before = existing?.[revisionAnnotation];
  const held = before ? parseRevision(before) : 0n;
  if (held === undefined || held >= revision) return annotations;
  annotations[revisionAnnotation] = String(revision);
  if (before) {
    const history = [...(existing[revisionHistoryAnnotation]?.split(',') ?? []), before];
    while (history.join().length > historyLimit && history.length > 1) history.shift();
    annotations[revisionHistoryAnnotation] = history.join();
  }
  return annotations;
}

export const sameAnnotations = (a: Annotations | undefined, b: Annotations): boolean =>
  Object.keys(a ?? {}).length === Object.keys(b).length && Object.entries(b).every(([key, value]) => a?.[key] === value);
