// Event (events.k8s.io): the newer form of the same Events; stored in the core form.
// upstream: pkg/apis/events/v1/conversion.go
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { field, int32, microTime, object, string, time, type FieldsValue } from '../../schema/schema.ts';
import { Events as CoreEvents, eventSource, objectReferenceSelectors, type Event as CoreEvent, type EventFields } from '../core/event.ts';
import { strictEventFaults } from '../core/event-validation.ts';
import { objectReference } from '../core/references.ts';

export const eventSeries = object('EventSeries', {
  count: int32(1, { required: true, unchecked: true, doc: 'How often it has happened up to the last report.' }),
  lastObservedTime: microTime(2, { required: true, unchecked: true, doc: 'When it last happened.' }),
}, { package: 'io.k8s.api.events.v1', doc: 'That an event keeps happening.' });

const fields = {
  eventTime: microTime(2, { required: true, unchecked: true, doc: 'When it was first seen.' }),
  series: field(3, eventSeries, { doc: 'Present when it keeps happening.' }),
  reportingController: string(4, { doc: 'Controller that tells the event, for example kubernetes.io/kubelet.' }),
  reportingInstance: string(5, { doc: 'Which instance of the controller.' }),
  action: string(6, { doc: 'What was done or failed to be done about the object.' }),
  reason: string(7, { doc: 'Why it was done, in one CamelCase word.' }),
  regarding: field(8, objectReference, { written: true, doc: 'The object the event is about.' }),
  related: field(9, objectReference, { doc: 'A second object that has to do with it.' }),
  note: string(10, { doc: 'What happened, for people.' }),
  type: string(11, { doc: 'Normal or Warning; others may come.' }),
  deprecatedSource: field(12, eventSource, { written: true, doc: 'Who tells the event, in the core form.' }),
  deprecatedFirstTimestamp: time(13, { written: true, doc: 'When it first happened, in the core form.' }),
  deprecatedLastTimestamp: time(14, { written: true, doc: 'When it last happened, in the core form.' }),
  deprecatedCount: int32(15, { doc: 'How often it has happened, in the core form.' }),
};
type Fields = FieldsValue<typeof fields>;
type Stored = ObjectHead & EventFields;

/** Copies what is there: an absent field stays absent. */
function copy(from: Record<string, unknown>, names: readonly (readonly [from: string, to: string])[], base: Record<string, unknown>): Record<string, unknown> {
  for (const [name, to] of names) if (from[name] !== undefined) base[to] = from[name];
  return base;
}

/** Names in events.k8s.io and in core, in the order the core form has. */
const names = [
  ['metadata', 'metadata'], ['regarding', 'involvedObject'], ['reason', 'reason'], ['note', 'message'], ['deprecatedSource', 'source'], ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'], ['deprecatedCount', 'count'], ['type', 'type'], ['eventTime', 'eventTime'], ['series', 'series'], ['action', 'action'], ['related', 'related'],
  ['reportingController', 'reportingComponent'], ['reportingInstance', 'reportingInstance'],
] as const;
const reversed = names.map(([here, core]) => [core, here] as const);

/** The core form. Fields that only core always writes are filled. */
export const toCoreEvent = (event: ObjectHead & Fields): CoreEvent =>
  ({ apiVersion: 'v1', kind: 'Event', ...copy({ reportingController: '', reportingInstance: '', ...event }, names, {}) }) as unknown as CoreEvent;

/** The events.k8s.io form. Fields it leaves out when empty are left out. */
export function fromCoreEvent(stored: Stored): ObjectHead & Fields {
  const event = copy({ ...stored }, reversed, { apiVersion: 'events.k8s.io/v1', kind: 'Event' });
  for (const name of ['reportingController', 'reportingInstance']) if (event[name] === '') delete event[name];
  const ordered: Record<string, unknown> = {};
  for (const name of ['apiVersion', 'kind', 'metadata', ...Object.keys(fields)]) if (event[name] !== undefined) ordered[name] = event[name];
  return ordered as unknown as ObjectHead & Fields;
}

export const Events = defineResource({
  group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', shortNames: ['ev'], scope: 'Namespaced',
  doc: 'Something that happened to an object. Events are kept for a while and not promised to anyone.',
  fields,
  storedAs: { group: '', plural: 'events', encode: toCoreEvent, decode: fromCoreEvent },
  selectable: {
    ...Object.fromEntries(objectReferenceSelectors.map((name) => [`regarding.${name}`, (event: Fields) => event.regarding[name] ?? ''])),
    reason: (event) => event.reason ?? '',
    reportingController: (event) => event.reportingController ?? '',
    type: (event) => event.type ?? '',
  },
  validate: (event, old) => strictEventFaults(toCoreEvent(event), old && toCoreEvent(old)),
  columns: CoreEvents.columns!.map((column) => ({ ...column, value: (event: ObjectHead & Fields, now: number) => column.value(toCoreEvent(event), now) })),
});
export interface Event extends ObjectOf<typeof Events> {}
