// What is done in a container right after its start and right before its stop.
// upstream: pkg/apis/core/validation/validation.go, validateLifecycle
import { child, invalid, type Fault } from '../../apimachinery/fault.ts';
import { field, object, string, type FieldsValue } from '../../schema/schema.ts';
import { execAction, handlerFaults, httpGetAction, sleepAction, tcpSocketAction } from './probe.ts';

export const lifecycleHandler = object('LifecycleHandler', {
  exec: field(1, execAction, { doc: 'Runs a command in the container.' }),
  httpGet: field(2, httpGetAction, { doc: 'Sends an HTTP GET request.' }),
  tcpSocket: field(3, tcpSocketAction, { doc: 'Kept for old objects; fails when it is run.' }),
  sleep: field(4, sleepAction, { doc: 'Waits some seconds.' }),
}, { doc: 'The action of a hook; exactly one is given.', validate: (handler, path) => handlerFaults(handler, path, ['exec', 'httpGet', 'tcpSocket', 'sleep']) });
export interface LifecycleHandler extends FieldsValue<typeof lifecycleHandler.fields> {}

export const lifecycle = object('Lifecycle', {
  postStart: field(1, lifecycleHandler, { doc: 'Runs right after the container is created; when it fails the container is stopped.' }),
  preStop: field(2, lifecycleHandler, { doc: 'Runs before the container is stopped, within the grace period.' }),
  stopSignal: string(3, { pointer: true, doc: 'Signal that stops the container; the image\'s when absent. Needs spec.os.name.' }),
}, { doc: 'Hooks at the start and the stop of a container.' });
export interface Lifecycle extends FieldsValue<typeof lifecycle.fields> {}

/** A hook may not sleep longer than the Pod's grace period. */
export function sleepFaults(value: Lifecycle | undefined, path: string, gracePeriod: number): Fault[] {
  return (['postStart', 'preStop'] as const).flatMap((hook) => {
    const seconds = value?.[hook]?.sleep?.seconds;
    if (seconds === undefined || seconds >= 0 && seconds <= gracePeriod) return [];
    return [invalid(child(child(path, hook), 'sleep'), seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`)];
  });
}
