// The naming controller: gives CustomResourceDefinitions their names, and establishes those that have them.
// upstream: apiextensions-apiserver pkg/controller/status/naming_controller.go, pkg/controller/establish/establishing_controller.go
import { CustomResourceDefinitions, type CustomResourceDefinition } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { isConditionTrue } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { nextStatus } from './plan.ts';

export const namingController: Controller = {
  name: 'crd-naming-condition-controller',
  for: CustomResourceDefinitions,
  // A definition that changes or goes may leave names to those that wait for them.
  watches: [{
    resource: CustomResourceDefinitions,
    map: (changed: CustomResourceDefinition, { cached }) =>
      cached(CustomResourceDefinitions).list().filter(({ metadata, spec, status }) => spec.group === changed.spec.group && metadata.name !== changed.metadata.name && !isConditionTrue(status?.conditions, 'NamesAccepted')).map(({ metadata }) => metadata.name),
  }],
  // One at a time: names are given to the first who asks.
  workers: 1,
  async reconcile({ cached, client, clock }, name) {
    const definitions = cached(CustomResourceDefinitions);
    const crd = definitions.get(name);
    if (!crd) return;
    const status = nextStatus(crd, definitions.list().filter(({ spec }) => spec.group === crd.spec.group), timestamp(clock.now()));
    if (!status) return;
    await client.updateStatus(CustomResourceDefinitions, { ...crd, status } as Draft<CustomResourceDefinition>).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  },
};
