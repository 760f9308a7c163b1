// Job: runs Pods until so many of them have succeeded.
// upstream: pkg/registry/batch/job/strategy.go, pkg/apis/batch/validation/validation.go (ValidateJob, ValidateJobUpdate)
import { invalid, key, required, type Fault } from '../../apimachinery/fault.ts';
import { humanDuration } from '../../apimachinery/duration.ts';
import { isDNS1123Label } from '../../apimachinery/names.ts';
import { labelSelectorText, selectorFromObject } from '../../apimachinery/selectors.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { field } from '../../schema/schema.ts';
import { cloneJson, equalJson } from '../../util/json.ts';
import type { PodTemplateSpec } from '../core/pod-template.ts';
import { podOwnerNameWarnings } from '../core/pod-warnings.ts';
import { ageColumn, nameColumn, templateColumns } from '../table-columns.ts';
import { immutableFaults } from '../value-faults.ts';
import { jobSpec, judgedJobSpec, jobSpecDefaults, jobSpecFaults, jobSpecWarnings, type JobSpec } from './job-spec.ts';
import { isJobCondition, jobStatus, jobStatusFaults, type JobStatus } from './job-status.ts';

export type { JobSpec } from './job-spec.ts';
export { isJobCondition } from './job-status.ts';
export type { JobStatus } from './job-status.ts';

/** Labels of a Job's Pods; those without a domain are what clients looked for before. */
export const controllerUidLabel = 'batch.kubernetes.io/controller-uid';
export const jobNameLabel = 'batch.kubernetes.io/job-name';
const uidLabels = ['controller-uid', controllerUidLabel];
const nameLabels = ['job-name', jobNameLabel];

interface JobValue extends ObjectHead { spec: JobSpec; status: JobStatus }

const generatedLabels = ({ metadata }: ObjectHead): Record<string, string> =>
  Object.fromEntries([...uidLabels.map((name) => [name, metadata.uid]), ...nameLabels.map((name) => [name, metadata.name ?? ''])]);

/** Labels given by hand are kept, and refused by validation when they differ. */
function generateSelector(job: JobValue): void {
  const { spec } = job;
  const sort = (labels: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  spec.template.metadata.labels = sort({ ...generatedLabels(job), ...spec.template.metadata.labels });
  spec.selector = { ...spec.selector, matchLabels: sort({ [controllerUidLabel]: job.metadata.uid, ...spec.selector?.matchLabels }) };
}

function prepareCreate(job: JobValue): void {
  const { metadata, spec } = job;
  // The Job carries its template's labels unless it has its own; the generated ones belong to them.
  const own = metadata.labels !== undefined && !equalJson(metadata.labels, spec.template.metadata.labels);
  if (!spec.manualSelector) generateSelector(job);
  if (!own && spec.template.metadata.labels) metadata.labels = { ...spec.template.metadata.labels };
}

/** A generated selector and the labels it needs must be as generated. */
function generatedSelectorFaults(job: JobValue): Fault[] {
  const { spec } = job;
  if (spec.manualSelector || !spec.selector) return [];
  const expected = generatedLabels(job);
  const labels = spec.template.metadata?.labels ?? {};
  const faults = Object.entries(expected).flatMap(([name, value]) => {
    const path = key('spec.template.metadata.labels', name);
    if (labels[name] === undefined) return [required(path, `must be '${value}'`)];
    return labels[name] === value ? [] : [invalid(path, labels, `must be '${value}'`)];
  });
  if (!selects(spec.selector, expected)) faults.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'));
  return faults;
}

/** A selector that cannot be read has been reported as such, and selects for all we know. */
function selects(selector: JobSpec['selector'], labels: Record<string, string>): boolean {
  try { return selectorFromObject(selector).matches(labels); } catch { return true; }
}

function selectorFaults({ selector, template }: JobSpec): Fault[] {
  const labels = template.metadata?.labels ?? {};
  return [
    ...(selector ? [] : [required('spec.selector')]),
    ...(selects(selector, labels) ? [] : [invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]),
  ];
}

/** The last Pod's host name is the Job's name and the highest index. */
function hostNameFaults({ metadata, spec }: JobValue): Fault[] {
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return [];
  const last = `${metadata.name}-${spec.completions - 1}`;
  return isDNS1123Label(last).length > 0 ? [invalid('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${last}`)] : [];
}

/** While it is suspended and has never run, a Job may still be told where its Pods go. */
function withSchedulingOf(template: PodTemplateSpec, next: PodTemplateSpec): PodTemplateSpec {
  const merged = cloneJson(template) as unknown as { metadata: Record<string, unknown>; spec: Record<string, unknown> };
  const take = (into: Record<string, unknown>, from: Record<string, unknown>, name: string): void => {
    if (from[name] === undefined) delete into[name];
    else into[name] = from[name];
  };
  const { metadata, spec } = next as unknown as typeof merged;
  for (const name of ['annotations', 'labels']) take(merged.metadata, metadata, name);
  for (const name of ['nodeSelector', 'tolerations', 'schedulingGates']) take(merged.spec, spec, name);
  const { nodeAffinity: _old, ...others } = (merged.spec['affinity'] ?? {}) as Record<string, unknown>;
  const nodeAffinity = next.spec?.affinity?.nodeAffinity;
  const affinity = { ...(nodeAffinity && { nodeAffinity }), ...others };
  if (Object.keys(affinity).length > 0) merged.spec['affinity'] = affinity;
  else if (!next.spec?.affinity) delete merged.spec['affinity'];
  return merged as unknown as PodTemplateSpec;
}

/** An Indexed Job may be scaled, all its Pods running at once. */
function completionFaults(spec: JobSpec, old: JobSpec): Fault[] {
  const path = 'spec.completions';
  if ((spec.completions ?? null) === (old.completions ?? null)) return [];
  if (spec.completionMode !== 'Indexed') return immutableFaults(spec.completions, old.completions, path);
  // Their absence has been told already.
  if (spec.completions === undefined) return [];
  return spec.completions === spec.parallelism ? [] : [invalid(path, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

function updateFaults({ spec }: JobValue, old: JobValue): Fault[] {
  const neverRan = old.spec.suspend === true && !old.status.startTime;
  const template = neverRan ? withSchedulingOf(old.spec.template, spec.template) : old.spec.template;
  const fixed = (['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const);
  return [
    ...completionFaults(spec, old.spec),
    ...immutableFaults(spec.selector, old.spec.selector, 'spec.selector'),
    ...immutableFaults(spec.template, template, 'spec.template'),
    ...fixed.flatMap((name) => immutableFaults(spec[name], old.spec[name], `spec.${name}`)),
  ];
}

function statusText({ metadata, status }: JobValue): string {
  if (isJobCondition(status, 'Complete')) return 'Complete';
  if (isJobCondition(status, 'Failed')) return 'Failed';
  if (metadata.deletionTimestamp) return 'Terminating';
  if (isJobCondition(status, 'Suspended')) return 'Suspended';
  return isJobCondition(status, 'FailureTarget') ? 'FailureTarget' : 'Running';
}

function completionsText({ completions, parallelism = 0 }: JobSpec, { succeeded = 0 }: JobStatus): string {
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

const durationText = ({ startTime, completionTime }: JobStatus, now: number): string =>
  (startTime ? humanDuration((completionTime ? Date.parse(completionTime) : now) - Date.parse(startTime)) : '');

export const Jobs = defineResource({
  group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', categories: ['all'], scope: 'Namespaced',
  doc: 'Runs Pods until so many of them have succeeded.',
  fields: {
    spec: field(2, jobSpec, { written: true, doc: 'The Job as it is wanted.' }),
    status: field(3, jobStatus, { written: true, doc: 'How far the Job is.' }),
  },
  subresources: { status: true },
  generation: true,
  defaultPropagation: 'Orphan',
  unsaidPropagation: 'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  selectable: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
  unselectable: (field) => `field label ${JSON.stringify(field)} not supported for Job`,
  defaults: ({ metadata, spec }) => {
    jobSpecDefaults(spec);
    const labels = spec.template.metadata.labels;
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  prepareCreate,
  validate: (job, old) => [
    ...(old ? [] : [...hostNameFaults(job), ...generatedSelectorFaults(job)]), ...jobSpecFaults(job.spec, 'spec'), ...selectorFaults(job.spec), ...(old ? updateFaults(job, old) : []),
  ],
  judged: ['spec.selector', ...judgedJobSpec('spec')],
  validateStatus: ({ spec, status }, old) => jobStatusFaults(spec, status, old.status),
  warnings: ({ metadata, spec }, old) => [
    ...(old ? [] : podOwnerNameWarnings(metadata.name)), ...(old && metadata.generation === old.metadata.generation ? [] : jobSpecWarnings(spec, 'spec')),
  ],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'How the Job is doing.', value: statusText },
    { name: 'Completions', type: 'string', description: 'Pods that succeeded, of those wanted.', value: ({ spec, status }) => completionsText(spec, status) },
    { name: 'Duration', type: 'string', description: 'How long it has run, or ran.', value: ({ status }, now) => durationText(status, now) },
    ageColumn,
    ...templateColumns,
    { name: 'Selector', type: 'string', priority: 1, description: 'Which Pods are meant.', value: ({ spec }) => labelSelectorText(spec.selector) },
  ],
});
export interface Job extends ObjectOf<typeof Jobs> {}
