// CronJob: makes a Job whenever its schedule says so.
// upstream: pkg/apis/batch/validation/validation.go (ValidateCronJobCreate), pkg/apis/batch/v1/defaults.go, pkg/registry/batch/cronjob
import { isTimeZone, parseCron } from '../../apimachinery/cron.ts';
import { age } from '../../apimachinery/duration.ts';
import { invalid, notSupported, type Fault } from '../../apimachinery/fault.ts';
import { labelSelectorText } from '../../apimachinery/selectors.ts';
import { objectMeta } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, field, int32, int64, object, required, string, time, type FieldsValue } from '../../schema/schema.ts';
import { podOwnerNameWarnings } from '../core/pod-warnings.ts';
import { objectReference } from '../core/references.ts';
import { ageColumn, nameColumn, templateColumns } from '../table-columns.ts';
import { jobSpec, judgedJobSpec, jobSpecFaults, jobSpecWarnings } from './job-spec.ts';

const batch = 'io.k8s.api.batch.v1';
/** Jobs are named after the CronJob, with eleven more characters. */
const longestName = 52;

export const jobTemplateSpec = object('JobTemplateSpec', {
  metadata: field(1, objectMeta, { written: true, doc: 'Labels and annotations of the Jobs.' }),
  spec: field(2, jobSpec, { written: true, doc: 'What the Jobs run.' }),
}, { package: batch, doc: 'What Jobs are made from.' });

/** A zone that was let in stays: what is known of zones may differ from master to master. */
function timeZoneFaults({ timeZone: zone }: CronJobSpec, old: CronJobSpec | undefined): Fault[] {
  const path = 'spec.timeZone';
  if (zone === undefined || (old && old.timeZone === zone)) return [];
  if (zone === '') return [invalid(path, zone, 'timeZone must be nil or non-empty string')];
  const unknown = isTimeZone(zone) || zone === 'Local' ? [] : [invalid(path, zone, `unknown time zone ${zone}`)];
  return zone.toLowerCase() === 'local' ? [invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'), ...unknown] : unknown;
}

export const cronJobSpec = object('CronJobSpec', {
  schedule: string(1, { required: true, doc: 'When, in the five fields of cron.' }),
  timeZone: string(8, { pointer: true, doc: 'Time zone of the schedule, for example Europe/Berlin; the controller\'s when absent.' }),
  startingDeadlineSeconds: int64(2, { pointer: true, minimum: 0, doc: 'How late a Job may still be made.' }),
  concurrencyPolicy: string(3, { default: 'Allow', enum: ['Allow', 'Forbid', 'Replace'], doc: 'What happens when the last Job still runs: Allow, Forbid or Replace.' }),
  suspend: boolean(4, { pointer: true, default: false, doc: 'True makes no more Jobs.' }),
  jobTemplate: required(5, jobTemplateSpec, { doc: 'The Jobs to make.' }),
  successfulJobsHistoryLimit: int32(6, { pointer: true, default: 3, minimum: 0, doc: 'How many Jobs that succeeded are kept.' }),
  failedJobsHistoryLimit: int32(7, { pointer: true, default: 1, minimum: 0, doc: 'How many Jobs that failed are kept.' }),
}, { package: batch, doc: 'The CronJob as it is wanted.' });
export interface CronJobSpec extends FieldsValue<typeof cronJobSpec.fields> {}

export const cronJobStatus = object('CronJobStatus', {
  active: array(1, objectReference, { listType: 'atomic', doc: 'Jobs that run now.' }),
  lastScheduleTime: time(4, { pointer: true, doc: 'When a Job was last due and made.' }),
  lastSuccessfulTime: time(5, { pointer: true, doc: 'When a Job last succeeded.' }),
}, { package: batch, doc: 'The CronJob as it is.' });
export interface CronJobStatus extends FieldsValue<typeof cronJobStatus.fields> {}

/** A schedule with a zone in its text is old; it may stay, but not be made. */
function scheduleFaults({ schedule, timeZone }: CronJobSpec, old: CronJobSpec | undefined): Fault[] {
  const path = 'spec.schedule';
  if (!schedule) return [];
  const faults: Fault[] = [];
  try {
    parseCron(schedule);
  } catch (error) {
    faults.push(invalid(path, schedule, (error as Error).message));
  }
  if (!schedule.includes('TZ')) return faults;
  if (!old?.schedule.includes('TZ')) faults.push(invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  else if (timeZone !== undefined) faults.push(invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  return faults;
}

function templateFaults({ jobTemplate }: CronJobSpec): Fault[] {
  const path = 'spec.jobTemplate.spec';
  const { selector, manualSelector } = jobTemplate.spec;
  return [
    ...jobSpecFaults(jobTemplate.spec, path),
    ...(selector ? [invalid(`${path}.selector`, selector, '`selector` will be auto-generated')] : []),
    ...(manualSelector ? [notSupported(`${path}.manualSelector`, manualSelector, ['nil', 'false'], 'given')] : []),
  ];
}

export const CronJobs = defineResource({
  group: 'batch', version: 'v1', kind: 'CronJob', plural: 'cronjobs', shortNames: ['cj'], categories: ['all'], scope: 'Namespaced',
  doc: 'Makes a Job whenever its schedule says so.',
  fields: {
    spec: field(2, cronJobSpec, { written: true, doc: 'The CronJob as it is wanted.' }),
    status: field(3, cronJobStatus, { written: true, doc: 'The CronJob as it is.' }),
  },
  subresources: { status: true },
  generation: true,
  validate: ({ metadata, spec }, old) => [
    ...scheduleFaults(spec, old?.spec), ...timeZoneFaults(spec, old?.spec), ...templateFaults(spec),
    ...(!old && metadata.name?.length > longestName ? [invalid('metadata.name', metadata.name, `must be no more than ${longestName} characters`)] : []),
  ],
  judged: [
    'spec.schedule', 'spec.startingDeadlineSeconds', 'spec.timeZone', 'spec.concurrencyPolicy', ...judgedJobSpec('spec.jobTemplate.spec'), 'spec.jobTemplate',
    'spec.successfulJobsHistoryLimit', 'spec.failedJobsHistoryLimit',
  ],
  warnings: ({ metadata, spec }, old) => [
    ...(old ? [] : podOwnerNameWarnings(metadata.name)),
    ...(old && metadata.generation === old.metadata.generation ? [] : jobSpecWarnings(spec.jobTemplate.spec, 'spec.jobTemplate.spec')),
    // The path is upstream's.
    ...(old && spec.schedule.includes('TZ') ? ['cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'] : []),
  ],
  columns: [
    nameColumn,
    { name: 'Schedule', type: 'string', description: 'When Jobs are made.', value: ({ spec }) => spec.schedule },
    { name: 'Timezone', type: 'string', description: 'Time zone of the schedule.', value: ({ spec }) => spec.timeZone ?? '<none>' },
    { name: 'Suspend', type: 'boolean', description: 'Whether no more Jobs are made.', value: ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False') },
    { name: 'Active', type: 'integer', description: 'Jobs that run now.', value: ({ status }) => status?.active?.length ?? 0 },
    { name: 'Last Schedule', type: 'string', description: 'Time since a Job was last due.', value: ({ status }, now) => (status?.lastScheduleTime ? age(status.lastScheduleTime, now) : '<none>') },
    ageColumn,
    ...templateColumns.map((column) => ({ ...column, value: ({ spec }: { spec: CronJobSpec }, now: number) => column.value(spec.jobTemplate, now) })),
    { name: 'Selector', type: 'string', priority: 1, description: 'Which Pods are meant.', value: ({ spec }) => labelSelectorText(spec.jobTemplate?.spec?.selector) },
  ],
});
export interface CronJob extends ObjectOf<typeof CronJobs> {}
