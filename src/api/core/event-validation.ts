// Rules of Events. Both forms are stored as core Events and judged as such; those written through events.k8s.io more strictly.
// Paths are those of upstream's one internal form. (upstream: pkg/apis/core/validation/events.go)
import { invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain, isQualifiedName } from '../../apimachinery/names.ts';
import type { ObjectHead } from '../../schema/resource.ts';
import type { EventFields } from './event.ts';
import { equalJson } from '../../util/json.ts';

type EventObject = ObjectHead & EventFields;

const maximumLength = 128;
const maximumMessageLength = 1024;

function lengthFaults(text: string | undefined, path: string, maximum: number): Fault[] {
  return Buffer.byteLength(text ?? '') > maximum ? [invalid(path, '', `can have at most ${maximum} characters`)] : [];
}

/** The namespace an Event about a cluster-scoped object may be in, and who must say they report it. */
export function eventFaults(event: EventObject): Fault[] {
  const faults: Fault[] = [];
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject.namespace ?? '';
  const mismatch = invalid('involvedObject.namespace', about, 'does not match event.namespace');
  if (!event.eventTime) {
    if (about === '' ? namespace !== '' && namespace !== 'default' : namespace !== about) faults.push(mismatch);
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') faults.push(mismatch);
    const controller = event.reportingComponent ?? '';
    if (controller === '') faults.push(required('reportingController'));
    for (const message of isQualifiedName(controller)) faults.push(invalid('reportingController', controller, message));
    for (const [name, text] of [['reportingInstance', event.reportingInstance], ['action', event.action], ['reason', event.reason]] as const) {
      if (!text) faults.push(required(name));
      faults.push(...lengthFaults(text, name, maximumLength));
    }
    faults.push(...lengthFaults(event.message, 'message', maximumMessageLength));
  }
  for (const message of isDNS1123Subdomain(namespace)) faults.push(invalid('namespace', namespace, message));
  return faults;
}

function seriesFaults({ series }: EventObject): Fault[] {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
  ];
}

function strictCreateFaults(event: EventObject): Fault[] {
  const unset = (path: string, given: unknown): Fault[] => (given ? [invalid(path, '', 'needs to be unset')] : []);
  return [
    ...seriesFaults(event),
    ...(event.eventTime ? [] : [required('eventTime')]),
    ...(event.type === 'Normal' || event.type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${event.type ?? ''}`)]),
    ...unset('firstTimestamp', event.firstTimestamp),
    ...unset('lastTimestamp', event.lastTimestamp),
    ...unset('count', event.count),
    ...unset('source', event.source?.component || event.source?.host),
  ];
}

const fixedFields = [
  ['involvedObject', 'involvedObject'], ['reason', 'reason'], ['message', 'message'], ['source', 'source'], ['firstTimestamp', 'firstTimestamp'], ['lastTimestamp', 'lastTimestamp'], ['count', 'count'],
  ['type', 'type'], ['eventTime', 'eventTime'], ['action', 'action'], ['related', 'related'], ['reportingComponent', 'reportingController'], ['reportingInstance', 'reportingInstance'],
] as const;

/** Faults of an Event written through events.k8s.io, given in its core form. */
export function strictEventFaults(event: EventObject, old?: EventObject): Fault[] {
  const faults = eventFaults(event);
  if (!old) return [...faults, ...strictCreateFaults(event)];
  if (!equalJson(event.series, old.series)) faults.push(...seriesFaults(event));
  for (const [field, path] of fixedFields) if (!equalJson(event[field], old[field])) faults.push(invalid(path, event[field], 'field is immutable'));
  return faults;
}
