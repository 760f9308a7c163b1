// What the types of built-in kinds say against expressions of policies.
import { Deployments } from '../../../../src/api/apps/deployment.ts';
import { ConfigMaps } from '../../../../src/api/core/config-map.ts';
import { CustomResourceDefinitions } from '../../../../src/api/apiextensions/custom-resource-definition.ts';
import { allResources } from '../../../../src/api/index.ts';
import { typeFault } from '../../../../src/schema/structural/cel-types.ts';

it.each([
  ["object.spec.replicas > '1'", "ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^"],
  ["'wants replicas > 1, got ' + object.spec.replicas", "ERROR: <input>:1:28: found no matching overload for '_+_' applied to '(string, int)'\n | 'wants replicas > 1, got ' + object.spec.replicas\n | ...........................^"],
  ['object.foo.replicas > 5', "ERROR: <input>:1:7: undefined field 'foo'\n | object.foo.replicas > 5\n | ......^"],
  ['oldObject.spec.template.spec.containers.all(c, c.image2 != "")', 'ERROR: <input>:1:49: undefined field \'image2\'\n | oldObject.spec.template.spec.containers.all(c, c.image2 != "")\n | ................................................^'],
  ['object.metadata.name.startsWith(1)', "ERROR: <input>:1:32: found no matching overload for 'startsWith' applied to 'string.(int)'\n | object.metadata.name.startsWith(1)\n | ...............................^"],
  ['size(object.spec.replicas) > 1', "ERROR: <input>:1:5: found no matching overload for 'size' applied to '(int)'\n | size(object.spec.replicas) > 1\n | ....^"],
  ['object.spec.replicas > 1\n  && !object.spec.replicas', "ERROR: <input>:2:6: found no matching overload for '!_' applied to '(int)'\n |   && !object.spec.replicas\n | .....^"],
  ['object.metadata.labels.app == 1', "ERROR: <input>:1:28: found no matching overload for '_==_' applied to '(string, int)'\n | object.metadata.labels.app == 1\n | ...........................^"],
])('%s', (expression, fault) => { expect(typeFault(expression, Deployments.type)).toBe(fault); });

it.each([
  'object.spec.replicas > 1', "object.metadata.namespace == 'default'", 'object.apiVersion == "apps/v1" && object.kind == "Deployment"', 'has(object.spec.strategy) && object.spec.strategy.rollingUpdate.maxSurge == 1',
  "object.spec.template.spec.containers.all(c, c.image.startsWith('registry/') && c.?resources.limits['cpu'].hasValue())", "object.spec.template.spec.containers.exists(c, quantity(c.resources.limits['memory']).isLessThan(quantity('1Gi')))",
  "'app' in object.metadata.labels", 'oldObject == null || object.spec.selector == oldObject.spec.selector', 'object.spec.strategy != null', 'params.max >= object.spec.replicas', "variables.x == 'y' && request.operation == 'CREATE'",
  "object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')", "namespaceObject.metadata.labels['a'] == 'b'", "authorizer.group('apps').resource('deployments').check('create').allowed()",
])('%s fits', (expression) => { expect(typeFault(expression, Deployments.type)).toBeUndefined(); });

it('a type within itself is any from there on, and every kind has its types', () => {
  expect(typeFault('object.spec.versions.all(v, v.schema.openAPIV3Schema.properties.spec.anything == 1)', CustomResourceDefinitions.type)).toBeUndefined();
  expect(typeFault("object.data.size > 1", ConfigMaps.type)).toContain("'(string, int)'");
  for (const { type } of allResources) expect(typeFault('has(object.metadata)', type)).toBeUndefined();
});
