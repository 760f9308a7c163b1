// Rules that ReplicationController, ReplicaSet and Deployment share: what a template must be, and what a status may say.
// upstream: pkg/apis/core/validation (ValidateReplicationControllerSpec), pkg/apis/apps/validation (ValidateReplicaSetSpec)
import { forbidden, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { selectorFromObject, type LabelSelectorObject, type Selector } from '../../apimachinery/selectors.ts';

interface Template { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }; readonly spec?: { readonly restartPolicy?: string; readonly activeDeadlineSeconds?: number } }

/** Faults of a template whose Pods are to be replaced for ever; `owner` names the kind in messages. */
export function templateFaults(template: Template, selector: Selector | undefined, owner: 'ReplicaSet' | 'ReplicationController'): Fault[] {
  const faults: Fault[] = [];
  const labels = template.metadata?.labels ?? {};
  if (selector && !selector.empty && !selector.matches(labels)) faults.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== undefined && restartPolicy !== 'Always') faults.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  if (activeDeadlineSeconds !== undefined) faults.push(forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${owner} is not Supported`));
  return faults;
}

/** Faults of a label selector and the template it must select, for the kinds of apps/v1. */
export function selectedTemplateFaults(selector: LabelSelectorObject | null | undefined, template: Template): Fault[] {
  const faults: Fault[] = [];
  // The words name Deployments for ReplicaSets too, as upstream's do.
  if (selector && Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) faults.push(invalid('spec.selector', selector, 'empty selector is invalid for deployment'));
  let ready: Selector | undefined;
  try { ready = selectorFromObject(selector); } catch { faults.push(invalid('spec.selector', selector, 'invalid label selector')); }
  return ready ? [...faults, ...templateFaults(template, ready, 'ReplicaSet')] : faults;
}

/** The parts of a Pod template in the order in which they are judged. */
export const judgedTemplate = (path: string): string[] => ['metadata', 'labels', 'annotations', '', 'spec.restartPolicy', 'spec.activeDeadlineSeconds'].map((part) => (part ? `${path}.${part}` : path));

type Counts = Readonly<Record<string, unknown>>;
const count = (status: Counts, name: string): number => (typeof status[name] === 'number' ? status[name] : 0);

/** Faults of status counts that are below zero. */
export const negativeCountFaults = (status: Counts, names: readonly string[]): Fault[] =>
  names.filter((name) => count(status, name) < 0).map((name) => invalid(`status.${name}`, status[name], 'must be greater than or equal to 0'));

/** Faults of status counts that are above what they are a part of; `ready` names the ready ones in messages. */
export function replicaCountFaults(status: Counts, names: readonly string[], ready = 'readyReplicas'): Fault[] {
  const faults = names.filter((name) => count(status, name) > count(status, 'replicas')).map((name) => invalid(`status.${name}`, status[name], 'cannot be greater than status.replicas'));
  if (count(status, 'availableReplicas') > count(status, 'readyReplicas')) faults.push(invalid('status.availableReplicas', status['availableReplicas'], `cannot be greater than ${ready}`));
  return faults;
}

/** How often names were taken only grows. */
export const collisionFaults = ({ collisionCount }: { collisionCount?: number }, { collisionCount: old }: { collisionCount?: number }): Fault[] =>
  (old !== undefined && (collisionCount ?? -1) < old ? [invalid('status.collisionCount', collisionCount ?? 0, 'cannot be decremented')] : []);

/** The template's own absence, where it is a pointer. */
export const missingTemplate = (template: unknown): Fault[] => (template ? [] : [required('spec.template')]);
