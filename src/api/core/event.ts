// Event (core): something that happened to an object, told to people. The form all Events are stored in.
// upstream: staging/src/k8s.io/api/core/v1/types.go, pkg/printers/internalversion/printers.go (printEvent)
import { age } from '../../apimachinery/duration.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, int32, microTime, object, string, time, type FieldsValue } from '../../schema/schema.ts';
import { nameColumn } from '../table-columns.ts';
import { eventFaults } from './event-validation.ts';
import { objectReference, type ObjectReference } from './references.ts';

export const eventSource = object('EventSource', {
  component: string(1, { doc: 'Component the event comes from.' }),
  host: string(2, { doc: 'Node the event comes from.' }),
}, { doc: 'Who tells an event.' });
export interface EventSource extends FieldsValue<typeof eventSource.fields> {}

export const eventSeries = object('EventSeries', {
  count: int32(1, { doc: 'How often it has happened up to the last report.' }),
  lastObservedTime: microTime(2, { written: true, doc: 'When it last happened.' }),
}, { doc: 'That an event keeps happening.' });
export interface EventSeries extends FieldsValue<typeof eventSeries.fields> {}

export const eventFields = {
  involvedObject: field(2, objectReference, { required: true, unchecked: true, doc: 'The object the event is about.' }),
  reason: string(3, { doc: 'Why it happened, in one CamelCase word.' }),
  message: string(4, { doc: 'What happened, for people.' }),
  source: field(5, eventSource, { written: true, doc: 'Who tells the event.' }),
  firstTimestamp: time(6, { written: true, doc: 'When it first happened.' }),
  lastTimestamp: time(7, { written: true, doc: 'When it last happened.' }),
  count: int32(8, { doc: 'How often it has happened.' }),
  type: string(9, { doc: 'Normal or Warning; others may come.' }),
  eventTime: microTime(10, { written: true, doc: 'When it was first seen.' }),
  series: field(11, eventSeries, { doc: 'Present when it keeps happening.' }),
  action: string(12, { doc: 'What was done or failed to be done about the object.' }),
  related: field(13, objectReference, { doc: 'A second object that has to do with it.' }),
  reportingComponent: string(14, { written: true, doc: 'Controller that tells the event, for example kubernetes.io/kubelet.' }),
  reportingInstance: string(15, { written: true, doc: 'Which instance of the controller.' }),
};
export type EventFields = FieldsValue<typeof eventFields>;

export const objectReferenceSelectors = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const satisfies readonly (keyof ObjectReference)[];

const firstSeen = (event: EventFields, now: number): string => age(event.firstTimestamp ?? event.eventTime, now);

function lastSeen(event: EventFields, now: number): string {
  if (event.series) return age(event.series.lastObservedTime, now);
  return event.lastTimestamp ? age(event.lastTimestamp, now) : firstSeen(event, now);
}

function sourceText({ source, reportingComponent, reportingInstance }: EventFields): string {
  const component = source?.component || reportingComponent || '';
  const host = source?.host || reportingInstance || '';
  return host === '' ? component : `${component}, ${host}`;
}

function objectText({ kind = '', name = '' }: ObjectReference): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

export const Events = defineResource({
  group: '', version: 'v1', kind: 'Event', plural: 'events', shortNames: ['ev'], scope: 'Namespaced',
  doc: 'Something that happened to an object. Events are kept for a while and not promised to anyone.',
  fields: eventFields,
  selectable: {
    ...Object.fromEntries(objectReferenceSelectors.map((name) => [`involvedObject.${name}`, (event: EventFields) => event.involvedObject[name] ?? ''])),
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent,
    source: (event) => event.source.component || event.reportingComponent,
    type: (event) => event.type ?? '',
  },
  validate: (event) => eventFaults(event),
  columns: [
    { name: 'Last Seen', type: 'string', description: 'Time since it last happened.', value: lastSeen },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', value: (event) => event.type ?? '' },
    { name: 'Reason', type: 'string', description: 'Why it happened.', value: (event) => event.reason ?? '' },
    { name: 'Object', type: 'string', description: 'The object it is about.', value: (event) => objectText(event.involvedObject) },
    { name: 'Subobject', type: 'string', priority: 1, description: 'The part of the object it is about.', value: (event) => event.involvedObject.fieldPath ?? '' },
    { name: 'Source', type: 'string', priority: 1, description: 'Who tells it.', value: sourceText },
    { name: 'Message', type: 'string', description: 'What happened.', value: (event) => (event.message ?? '').trim() },
    { name: 'First Seen', type: 'string', priority: 1, description: 'Time since it first happened.', value: firstSeen },
    { name: 'Count', type: 'string', priority: 1, description: 'How often it has happened.', value: (event) => (event.series ? event.series.count ?? 0 : event.count || 1) },
    { ...nameColumn, priority: 1 },
  ],
});
export interface Event extends ObjectOf<typeof Events> {}
