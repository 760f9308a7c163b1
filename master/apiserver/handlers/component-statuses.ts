// get and list of ComponentStatuses: the parts of this one process, as it knows them at this moment.
// upstream: pkg/registry/core/componentstatus/rest.go
import * as errors from '../../../src/apimachinery/status-error.ts';
import { ComponentStatuses } from '../../../src/api/core/component-status.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { computedAnswer } from './computed.ts';
import { selectionOf } from './lists.ts';
import type { ResourceHandlerContext } from './objects.ts';

/** Scheduler and controllers run where the API server runs: they are there when it is ready. */
const components = ['controller-manager', 'scheduler', 'etcd-0'];

export function componentStatuses(ready: () => boolean): (request: AdmittedRequest, context: ResourceHandlerContext) => Promise<Answer> {
  const statusOf = (name: string): ApiObject => {
    const healthy = ready() || name === 'etcd-0';
    return { kind: ComponentStatuses.kind, apiVersion: 'v1', metadata: { name, creationTimestamp: null }, conditions: [{ type: 'Healthy', status: healthy ? 'True' : 'False', message: healthy ? 'ok' : 'not started' }] } as unknown as ApiObject;
  };
  return (request, context) => {
    const { name } = request.info;
    if (name && !components.includes(name)) throw errors.bare(`Component not found: ${name}`);
    const selection = selectionOf(request, ComponentStatuses);
    const objects = (name ? [name] : components).map(statusOf).filter((object) => selection.matches(object));
    return Promise.resolve(computedAnswer(request, context, objects));
  };
}
