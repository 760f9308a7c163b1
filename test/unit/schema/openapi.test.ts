// OpenAPI documents: whole (every reference resolves), told in both dialects, and with all that kubectl looks for in them.
import protobuf from 'protobufjs';
import { allResources } from '../../../src/api/index.ts';
import { groupVersions, openApiJson, openApiV2, openApiV3, type OpenApiOptions } from '../../../src/schema/openapi.ts';
import { openApiProtobuf } from '../../../src/schema/openapi-protobuf.ts';
import { defineResource, type ResourceDefinition } from '../../../src/schema/resource.ts';
import { array, bytes, double, field, intOrString, map, object, quantity, required, string, time, types, type Fields } from '../../../src/schema/schema.ts';

const options: OpenApiOptions = { version: 'v1.33.0', kindType: () => undefined };
type Node = { [key: string]: any };
const v2 = (resources = allResources): Node => JSON.parse([...openApiJson('v2', openApiV2(resources, options))].join('')) as Node;
const v3 = (resources: readonly ResourceDefinition[], place = 'apis/example/v1'): Node => JSON.parse([...openApiJson('v3', openApiV3(place, resources, options))].join('')) as Node;

function* nodes(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  yield value as Node;
  for (const member of Object.values(value)) yield* nodes(member);
}
const operations = (document: Node): Node[] => Object.values(document['paths'] as Node).flatMap((item: Node) => ['get', 'put', 'post', 'delete', 'patch'].flatMap((method) => (item[method] ? [item[method] as Node] : [])));
const schemasOf = (document: Node): Node => (document['definitions'] ?? document['components'].schemas) as Node;

const documents: [string, Node, string][] = [['v2', v2(), '#/definitions/'], ...[...groupVersions(allResources)].map(([place, resources]): [string, Node, string] => [`v3 ${place}`, v3(resources, place), '#/components/schemas/'])];
/** Discovery and its like are no operations on objects. */
const isPage = ({ operationId }: Node): boolean => /^get.*(APIVersions|APIGroup|APIResources|CodeVersion|IssuerOpenID\w+)$/.test(operationId as string);

describe.each(documents)('%s', (_name, document, prefix) => {
  it('has a definition for each reference, and no definition without one', () => {
    const used = new Set([...nodes(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : [])));
    const defined = new Set(Object.keys(schemasOf(document)).map((name) => prefix + name));
    expect([...used].filter((ref) => !defined.has(ref))).toEqual([]);
    expect([...defined].filter((ref) => !used.has(ref))).toEqual(operations(document).every(isPage) ? [] : [`${prefix}io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent`]);
  });
  it('names each operation once', () => {
    const ids = operations(document).map(({ operationId }) => operationId as string);
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('tells the kind of each operation, and what writes understand', () => {
    for (const operation of operations(document)) {
      if (isPage(operation)) continue;
      expect(operation['x-kubernetes-group-version-kind']).toMatchObject({ version: expect.stringMatching(/^v/), kind: expect.stringMatching(/^[A-Z]/) });
      if (['post', 'put', 'patch'].includes(operation['x-kubernetes-action'] as string)) expect((operation['parameters'] as Node[]).map(({ name }) => name)).toEqual(expect.arrayContaining(['dryRun', 'fieldManager', 'fieldValidation']));
    }
  });
  it('describes every property of every definition', () => {
    const silent = Object.entries(schemasOf(document)).flatMap(([name, schema]: [string, Node]) => Object.entries((schema['properties'] ?? {}) as Node).filter(([, property]: [string, Node]) => !property['description']).map(([property]) => `${name}.${property}`));
    expect(silent).toEqual([]);
  });
});

describe('what kubectl looks for', () => {
  const document = v2();
  it('the kind of a definition', () => {
    expect(document['definitions']['io.k8s.api.apps.v1.Deployment']['x-kubernetes-group-version-kind']).toEqual([{ group: 'apps', kind: 'Deployment', version: 'v1' }]);
    expect(document['definitions']['io.k8s.api.apps.v1.DeploymentList']['x-kubernetes-group-version-kind']).toEqual([{ group: 'apps', kind: 'DeploymentList', version: 'v1' }]);
    expect(document['definitions']['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']['x-kubernetes-group-version-kind']).toContainEqual({ group: 'apps', kind: 'DeleteOptions', version: 'v1' });
  });
  it('how lists merge', () => {
    expect(document['definitions']['io.k8s.api.core.v1.PodSpec'].properties.containers).toMatchObject({ type: 'array', items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' }, 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });
    expect(document['definitions']['io.k8s.api.core.v1.PodSpec'].properties.volumes['x-kubernetes-patch-strategy']).toBe('merge,retainKeys');
    expect(document['definitions']['io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector']['x-kubernetes-map-type']).toBe('atomic');
  });
  it('paths, by name and by operation', () => {
    const ids = new Map(Object.entries(document['paths'] as Node).flatMap(([path, item]: [string, Node]) => Object.entries(item).filter(([method]) => method !== 'parameters').map(([method, o]: [string, Node]) => [o['operationId'] as string, `${method} ${path} ${o['x-kubernetes-action'] as string}`])));
    expect(Object.fromEntries(['listCoreV1NamespacedPod', 'listCoreV1PodForAllNamespaces', 'createCoreV1Namespace', 'deleteCoreV1CollectionNamespacedPod', 'replaceAppsV1NamespacedDeploymentStatus', 'patchAppsV1NamespacedDeploymentScale', 'connectCoreV1GetNamespacedPodExec', 'readCoreV1NamespacedPodLog', 'createCoreV1NamespacedPodBinding', 'readDiscoveryV1NamespacedEndpointSlice'].map((id) => [id, ids.get(id)]))).toEqual({
      listCoreV1NamespacedPod: 'get /api/v1/namespaces/{namespace}/pods list',
      listCoreV1PodForAllNamespaces: 'get /api/v1/pods list',
      createCoreV1Namespace: 'post /api/v1/namespaces post',
      deleteCoreV1CollectionNamespacedPod: 'delete /api/v1/namespaces/{namespace}/pods deletecollection',
      replaceAppsV1NamespacedDeploymentStatus: 'put /apis/apps/v1/namespaces/{namespace}/deployments/{name}/status put',
      patchAppsV1NamespacedDeploymentScale: 'patch /apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale patch',
      connectCoreV1GetNamespacedPodExec: 'get /api/v1/namespaces/{namespace}/pods/{name}/exec connect',
      readCoreV1NamespacedPodLog: 'get /api/v1/namespaces/{namespace}/pods/{name}/log get',
      createCoreV1NamespacedPodBinding: 'post /api/v1/namespaces/{namespace}/pods/{name}/binding post',
      readDiscoveryV1NamespacedEndpointSlice: 'get /apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name} get',
    });
  });
  it('a place in the index for each group and version, and for what tells of them', () => {
    expect([...groupVersions(allResources).keys()]).toEqual(expect.arrayContaining([
      'api/v1', 'apis/apps/v1', 'apis/discovery.k8s.io/v1', 'api', 'apis', 'apis/apps', 'apis/discovery.k8s.io', 'version', '.well-known/openid-configuration', 'openid/v1/jwks',
    ]));
    const custom = { ...defineTestResource({}), custom: true };
    expect([...groupVersions([custom]).keys()].filter((place) => place.includes('example'))).toEqual(['apis/example/v1']);
    expect(Object.keys(v3([custom])['paths'] as Node)).not.toContain('/apis/example/v1/');
  });
  const negotiated = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
  it.each<[path: string, place: string, operation: object, answer: object]>([
    ['/api/', 'api', { operationId: 'getCoreAPIVersions', tags: ['core'], consumes: negotiated, produces: negotiated }, { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions' }],
    ['/api/v1/', 'api/v1', { operationId: 'getCoreV1APIResources', tags: ['core_v1'] }, { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList' }],
    ['/apis/', 'apis', { operationId: 'getAPIVersions', tags: ['apis'] }, { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList' }],
    ['/apis/rbac.authorization.k8s.io/', 'apis/rbac.authorization.k8s.io', { operationId: 'getRbacAuthorizationAPIGroup', tags: ['rbacAuthorization'] }, { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup' }],
    ['/apis/apps/v1/', 'apis/apps/v1', { operationId: 'getAppsV1APIResources', tags: ['apps_v1'] }, { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList' }],
    ['/version/', 'version', { operationId: 'getCodeVersion', tags: ['version'], consumes: ['application/json'], produces: ['application/json'] }, { $ref: '#/definitions/io.k8s.apimachinery.pkg.version.Info' }],
    ['/openid/v1/jwks/', 'openid/v1/jwks', { operationId: 'getServiceAccountIssuerOpenIDKeyset', tags: ['openid'], produces: ['application/jwk-set+json'] }, { type: 'string' }],
    ['/.well-known/openid-configuration/', '.well-known/openid-configuration', { operationId: 'getServiceAccountIssuerOpenIDConfiguration', tags: ['WellKnown'], produces: ['application/json'] }, { type: 'string' }],
  ])('%s', (path, place, operation, answer) => {
    const { get } = document['paths'][path] as Node;
    expect(get).toMatchObject(operation);
    expect(get['responses']).toMatchObject({ 200: { schema: answer }, 401: { description: 'Unauthorized' } });
    expect(get).not.toHaveProperty('x-kubernetes-action');
    const inPlace = v3(groupVersions(allResources).get(place)!, place)['paths'][path] as Node;
    expect(inPlace['get']).toMatchObject({ operationId: get['operationId'], tags: get['tags'] });
  });
  // Upstream's conformance test of published definitions looks for these words in what kubectl explains. (upstream: test/e2e/apimachinery/crd_publish_openapi.go)
  it('the words every object is explained with', () => {
    const { properties } = document['definitions']['io.k8s.api.apps.v1.Deployment'] as Node;
    expect(properties.apiVersion.description).toMatch(/^APIVersion defines/);
    expect(properties.metadata.description).toMatch(/^Standard object's metadata/);
    expect(document['definitions']['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'].properties.creationTimestamp.description).toMatch(/^CreationTimestamp is a timestamp/);
  });
  it('the kind of what discovery answers', () => {
    expect(document['definitions']['io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList']['x-kubernetes-group-version-kind']).toEqual([{ group: '', kind: 'APIGroupList', version: 'v1' }]);
    expect(document['definitions']['io.k8s.apimachinery.pkg.version.Info']).not.toHaveProperty('x-kubernetes-group-version-kind');
  });
});

const defineTestResource = (fields: Fields): ResourceDefinition => defineResource({ group: 'example', version: 'v1', kind: 'Sample', plural: 'samples', scope: 'Namespaced', doc: 'A sample.', fields });
const part = object('Part', { name: string(1, { required: true, doc: 'A name.' }) }, { package: 'io.example.v1', atomic: true, doc: 'A part.' });
const sample = defineTestResource({
  ratio: double(2, { doc: 'A ratio.' }), at: time(3, { doc: 'A moment.' }), size: quantity(4, { doc: 'A size.', default: '1' }), port: intOrString(5, { doc: 'A port.' }), blob: bytes(6, { doc: 'Bytes.' }),
  colour: string(7, { enum: ['red', 'blue'], default: 'red', doc: 'A colour.' }), parts: array(8, part, { listType: 'map', keys: ['name'], doc: 'Parts.' }), label: string(12, { required: true, unchecked: true, doc: 'A label.' }), told: string(13, { default: 'x', tellsDefault: true, doc: 'Told.' }), table: map(9, types.string, { mapType: 'atomic', doc: 'A table.' }),
  always: field(10, part, { written: true, doc: 'Always there.' }), must: required(11, part, { doc: 'Must be there.' }),
});

describe('a schema', () => {
  const name = 'io.k8s.api.example.v1.Sample';
  it('of version 2', () => {
    expect(v2([sample])['definitions'][name]).toEqual({
      description: 'A sample.', type: 'object', required: ['label', 'must'], 'x-kubernetes-group-version-kind': [{ group: 'example', version: 'v1', kind: 'Sample' }],
      properties: {
        apiVersion: { type: 'string', description: expect.any(String) }, kind: { type: 'string', description: expect.any(String) }, metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', description: expect.any(String) },
        ratio: { type: 'number', format: 'double', description: 'A ratio.' }, at: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Time', description: 'A moment.' },
        size: { $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity', description: 'A size.' }, port: { $ref: '#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString', description: 'A port.' },
        blob: { type: 'string', format: 'byte', description: 'Bytes.' }, colour: { type: 'string', enum: ['blue', 'red'], description: 'A colour.' },
        parts: { type: 'array', items: { $ref: '#/definitions/io.example.v1.Part' }, description: 'Parts.', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
        table: { type: 'object', additionalProperties: { type: 'string' }, description: 'A table.', 'x-kubernetes-map-type': 'atomic' },
        label: { type: 'string', description: 'A label.' }, told: { type: 'string', description: 'Told.' }, always: { $ref: '#/definitions/io.example.v1.Part', description: 'Always there.' }, must: { $ref: '#/definitions/io.example.v1.Part', description: 'Must be there.' },
      },
    });
  });
  it('of version 3 has nothing beside a reference', () => {
    const document = v3([sample]);
    expect(document['components'].schemas[name].properties).toMatchObject({
      always: { allOf: [{ $ref: '#/components/schemas/io.example.v1.Part' }], default: {}, description: 'Always there.' },
      must: { allOf: [{ $ref: '#/components/schemas/io.example.v1.Part' }], default: {}, description: 'Must be there.' },
      label: { type: 'string', default: '', description: 'A label.' }, told: { type: 'string', default: 'x', description: 'Told.' },
      parts: { type: 'array', items: { allOf: [{ $ref: '#/components/schemas/io.example.v1.Part' }], default: {} } }, table: { type: 'object', additionalProperties: { type: 'string', default: '' } },
    });
    // What is filled in is told only where upstream says so.
    expect(document['components'].schemas[name].properties.colour).not.toHaveProperty('default');
    expect(document['components'].schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] });
    expect([...nodes(document)].filter((node) => '$ref' in node && Object.keys(node).length > 1)).toEqual([]);
  });
});

/** The part of gnostic's messages the document uses, written anew: an independent reader of what is written. */
const gnostic = protobuf.parse(`
  syntax = "proto3"; package v2;
  message Any { string yaml = 2; }
  message NamedAny { string name = 1; Any value = 2; }
  message Info { string title = 1; string version = 2; }
  message Extra { Schema schema = 1; }  message Items { repeated Schema schema = 1; }  message Type { repeated string value = 1; }
  message NamedSchema { string name = 1; Schema value = 2; }  message Named { repeated NamedSchema additional_properties = 1; }
  message Schema { string _ref = 1; string format = 2; string description = 4; repeated string required = 19; repeated Any enum = 20; Extra additional_properties = 21; Type type = 22; Items items = 23; Named properties = 25; repeated NamedAny vendor_extension = 31; }
  message BodyParameter { string description = 1; string name = 2; string in = 3; bool required = 4; Schema schema = 5; }
  message Query { bool required = 1; string in = 2; string description = 3; string name = 4; string type = 6; bool unique_items = 20; }
  message Path { bool required = 1; string in = 2; string description = 3; string name = 4; string type = 5; bool unique_items = 19; }
  message NonBody { Query query = 3; Path path = 4; }  message Parameter { BodyParameter body = 1; NonBody other = 2; }  message ParametersItem { Parameter parameter = 1; }
  message SchemaItem { Schema schema = 1; }  message Response { string description = 1; SchemaItem schema = 2; }  message ResponseValue { Response response = 1; }
  message NamedResponse { string name = 1; ResponseValue value = 2; }  message Responses { repeated NamedResponse response_code = 1; }
  message Operation { repeated string tags = 1; string description = 3; string operation_id = 5; repeated string produces = 6; repeated string consumes = 7; repeated ParametersItem parameters = 8; Responses responses = 9; repeated string schemes = 10; repeated NamedAny vendor_extension = 13; }
  message PathItem { Operation get = 2; Operation put = 3; Operation post = 4; Operation delete = 5; Operation patch = 8; repeated ParametersItem parameters = 9; }
  message NamedPath { string name = 1; PathItem value = 2; }  message Paths { repeated NamedPath path = 2; }
  message Scopes { repeated string value = 1; }  message NamedScopes { string name = 1; Scopes value = 2; }  message Requirement { repeated NamedScopes additional_properties = 1; }
  message ApiKey { string type = 1; string name = 2; string in = 3; string description = 4; }  message Definition { ApiKey api_key = 2; }  message NamedDefinition { string name = 1; Definition value = 2; }  message SecurityDefinitions { repeated NamedDefinition additional_properties = 1; }
  message Document { string swagger = 1; Info info = 2; Paths paths = 8; Named definitions = 9; repeated Requirement security = 12; SecurityDefinitions security_definitions = 13; }
`, { keepCase: true }).root.lookupType('v2.Document');

describe('the protobuf form', () => {
  const decoded = gnostic.toObject(gnostic.decode(Buffer.concat([...openApiProtobuf(openApiV2(allResources, options))]))) as Node;
  const byName = (list: Node[]): Node => Object.fromEntries(list.map(({ name, value }) => [name, value]));
  const json = (value: Node): unknown => JSON.parse(value['yaml'] as string);
  const extensions = (list: Node[] = []): Node => Object.fromEntries(list.map(({ name, value }) => [name, json(value as Node)]));
  const parameter = ({ parameter: { body, other } }: Node): Node => (body ? { ...body, schema: schema(body.schema as Node) } : plain(other as Node));
  const plain = ({ query, path }: Node): Node => { const { unique_items: uniqueItems, ...rest } = (query ?? path) as Node; return { ...rest, ...(uniqueItems && { uniqueItems }) }; };
  function schema(s: Node): Node {
    const { _ref, type, items, properties, additional_properties: extra, vendor_extension: vendor, default: initial, enum: values, ...rest } = s;
    return {
      ...rest, ...(_ref && { $ref: _ref }), ...(type && { type: type.value[0] }), ...(items && { items: schema(items.schema[0] as Node) }), ...(extra && { additionalProperties: schema(extra.schema as Node) }),
      ...(properties && { properties: Object.fromEntries(Object.entries(byName(properties.additional_properties as Node[])).map(([k, v]) => [k, schema(v as Node)])) }),
      ...(initial && { default: json(initial as Node) }), ...(values && { enum: (values as Node[]).map(json) }), ...extensions(vendor as Node[]),
    };
  }
  const response = ({ response: r }: Node): Node => ({ description: r.description, ...(r.schema && { schema: schema(r.schema.schema as Node) }) });
  const operation = ({ operation_id: operationId, parameters, responses, vendor_extension: vendor, ...rest }: Node): Node => ({
    ...rest, operationId, parameters: ((parameters ?? []) as Node[]).map(parameter), responses: Object.fromEntries(Object.entries(byName(responses.response_code as Node[])).map(([k, v]) => [k, response(v as Node)])), ...extensions(vendor as Node[]),
  });
  it('says the same as the JSON form', () => {
    expect({
      swagger: decoded['swagger'], info: decoded['info'],
      securityDefinitions: Object.fromEntries(Object.entries(byName(decoded['security_definitions'].additional_properties as Node[])).map(([k, v]: [string, Node]) => [k, v['api_key']])),
      security: (decoded['security'] as Node[]).map(({ additional_properties: list }) => Object.fromEntries((list as Node[]).map(({ name, value }) => [name, value.value ?? []]))),
      paths: Object.fromEntries(Object.entries(byName(decoded['paths'].path as Node[])).map(([path, { parameters, ...methods }]: [string, Node]) => [path, { ...Object.fromEntries(Object.entries(methods).map(([m, o]) => [m, operation(o as Node)])), ...(parameters && { parameters: (parameters as Node[]).map(parameter) }) }])),
      definitions: Object.fromEntries(Object.entries(byName(decoded['definitions'].additional_properties as Node[])).map(([k, v]) => [k, schema(v as Node)])),
    }).toEqual(v2());
  });
});
