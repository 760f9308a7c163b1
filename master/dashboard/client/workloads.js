// What kubectl's rollout, scale and set image do, as patches and sentences. Pure.
// upstream: kubectl pkg/polymorphichelpers/rollout_status.go, history.go, rollback.go, objectrestarter.go
// @ts-check

const revisionAnnotation = 'deployment.kubernetes.io/revision';
const causeAnnotation = 'kubernetes.io/change-cause';

/**
 * How far a roll-out is: the sentence of `kubectl rollout status`, and a share from 0 to 1.
 * @param {any} deployment
 * @returns {{ text: string, done: boolean, failed: boolean, share: number }}
 */
export function deploymentProgress(deployment) {
  const { metadata, spec = {}, status = {} } = deployment;
  const { name } = metadata;
  const wanted = spec.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const share = wanted === 0 ? 1 : Math.min(1, Math.min(updatedReplicas, availableReplicas) / wanted);
  const going = (/** @type {string} */ text) => ({ text, done: false, failed: false, share: Math.min(share, 0.99) });
  if (metadata.generation > (status.observedGeneration ?? 0)) return going('Waiting for deployment spec update to be observed...');
  const progressing = (status.conditions ?? []).find((/** @type {any} */ c) => c.type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return { text: `deployment "${name}" exceeded its progress deadline`, done: false, failed: true, share };
  if (updatedReplicas < wanted) return going(`Waiting for deployment "${name}" rollout to finish: ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  if (replicas > updatedReplicas) return going(`Waiting for deployment "${name}" rollout to finish: ${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas) return going(`Waiting for deployment "${name}" rollout to finish: ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  return { text: `deployment "${name}" successfully rolled out`, done: true, failed: false, share: 1 };
}

/**
 * The revisions of a Deployment, newest first, from the ReplicaSets it owns.
 * @param {any} deployment
 * @param {readonly any[]} replicaSets
 */
export function revisionsOf(deployment, replicaSets) {
  const current = deployment.metadata.annotations?.[revisionAnnotation];
  return replicaSets
    .filter((set) => (set.metadata.ownerReferences ?? []).some((/** @type {any} */ o) => o.controller && o.uid === deployment.metadata.uid))
    .map((set) => ({
      revision: Number(set.metadata.annotations?.[revisionAnnotation] ?? 0), current: set.metadata.annotations?.[revisionAnnotation] === current, name: set.metadata.name, cause: set.metadata.annotations?.[causeAnnotation] ?? '',
      created: set.metadata.creationTimestamp, replicas: set.status?.replicas ?? 0, images: (set.spec.template.spec.containers ?? []).map((/** @type {any} */ c) => c.image), set,
    }))
    .filter(({ revision }) => revision > 0)
    .sort((a, b) => b.revision - a.revision);
}

/** Annotations that are the Deployment's own and stay as they are. */
const keptAnnotations = ['kubectl.kubernetes.io/last-applied-configuration', revisionAnnotation, 'deployment.kubernetes.io/revision-history', 'deployment.kubernetes.io/desired-replicas', 'deployment.kubernetes.io/max-replicas', 'deprecated.deployment.rollback.to'];

/**
 * The JSON patch that takes a Deployment back to a ReplicaSet's template.
 * @param {any} deployment
 * @param {any} replicaSet
 */
export function undoPatch(deployment, replicaSet) {
  const template = structuredClone(replicaSet.spec.template);
  if (template.metadata?.labels) delete template.metadata.labels['pod-template-hash'];
  /** @param {Record<string, string> | undefined} annotations @param {boolean} kept */
  const some = (annotations, kept) => Object.fromEntries(Object.entries(annotations ?? {}).filter(([name]) => keptAnnotations.includes(name) === kept));
  return [
    { op: 'replace', path: '/spec/template', value: template },
    { op: deployment.metadata.annotations ? 'replace' : 'add', path: '/metadata/annotations', value: { ...some(deployment.metadata.annotations, true), ...some(replicaSet.metadata.annotations, false) } },
  ];
}

/** @param {Date} now */
export const restartPatch = (now) => ({ spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': now.toISOString().replace(/\.\d+Z$/, 'Z') } } } } });

/**
 * Strategic: the other fields of the containers stay.
 * @param {Readonly<Record<string, string>>} images by container
 */
export const imagePatch = (images) => ({ spec: { template: { spec: { containers: Object.entries(images).map(([name, image]) => ({ name, image })) } } } });

/**
 * A selector as the API takes it in a query.
 * @param {{ matchLabels?: Record<string, string>, matchExpressions?: { key: string, operator: string, values?: string[] }[] } | undefined} selector
 */
export function selectorText(selector) {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In': return `${key} in (${values.join(',')})`;
      case 'NotIn': return `${key} notin (${values.join(',')})`;
      case 'DoesNotExist': return `!${key}`;
      default: return key;
    }
  });
  return [...labels, ...expressions].join(',');
}
