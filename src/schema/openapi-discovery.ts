// The paths discovery, version and OpenID answer at, as OpenAPI lists them beside those of resources.
// upstream: apiserver endpoints/discovery (root.go, group.go, version.go), routes/version.go, pkg/routes/openidmetadata.go
import { apiGroup, apiGroupList, apiResourceList, apiVersions, versionInfo } from './discovery-types.ts';
import { capital, groupName, objects, rootOf, tagOf, type Content, type PathItem } from './openapi-operations.ts';
import type { ResourceDefinition } from './resource.ts';

interface Page { readonly path: string; readonly id: string; readonly description: string; readonly tag: string; readonly consumes: readonly string[]; readonly produces: readonly string[]; readonly answer: Content }
const page = ({ path, id, description, tag, consumes, produces, answer }: Page): PathItem => ({
  path, tag, parameters: [], operations: [{ method: 'get', id, description, parameters: [], consumes, produces, responses: { 200: answer } }],
});
const negotiated = (path: string, id: string, description: string, tag: string, answer: Content): PathItem => page({ path, id, description, tag, consumes: objects, produces: objects, answer });

const json = ['application/json'];
/** Those that belong to no group, by the place of their document. */
const pages: Readonly<Record<string, PathItem>> = {
  '.well-known/openid-configuration': page({
    path: '/.well-known/openid-configuration/', id: 'getServiceAccountIssuerOpenIDConfiguration', description: 'Who issues the tokens of ServiceAccounts, in the form of OpenID.', tag: 'WellKnown', consumes: [], produces: json, answer: 'text',
  }),
  api: negotiated('/api/', 'getCoreAPIVersions', 'Lists the versions of the core group.', 'core', apiVersions),
  apis: negotiated('/apis/', 'getAPIVersions', 'Lists the groups and their versions.', 'apis', apiGroupList),
  'openid/v1/jwks': page({
    path: '/openid/v1/jwks/', id: 'getServiceAccountIssuerOpenIDKeyset', description: 'The keys that verify the tokens of ServiceAccounts.', tag: 'openid', consumes: [], produces: ['application/jwk-set+json'], answer: 'text',
  }),
  version: page({ path: '/version/', id: 'getCodeVersion', description: 'Tells the version of the server.', tag: 'version', consumes: json, produces: json, answer: versionInfo }),
};

type GroupVersion = Pick<ResourceDefinition, 'group' | 'version'>;
const groupPage = (group: string): PathItem => negotiated(`/apis/${group}/`, `get${capital(groupName(group))}APIGroup`, `Tells the versions of the group ${group}.`, groupName(group), apiGroup);
const versionPage = (of: GroupVersion): PathItem =>
  negotiated(`${rootOf(of)}/`, `get${capital(groupName(of.group))}${capital(of.version)}APIResources`, `Lists the resources of ${of.group || 'the core group'} in version ${of.version}.`, tagOf(of), apiResourceList);

/** The page of a group alone: `apis/apps`. */
export function groupPageAt(place: string): PathItem | undefined {
  const group = /^apis\/([^/]+)$/.exec(place)?.[1];
  return group === undefined ? undefined : groupPage(group);
}

/** By the place of the document each stands in; upstream tells none for custom resources. */
export function discoveryPages(resources: readonly ResourceDefinition[]): Map<string, PathItem> {
  const found = new Map(Object.entries(pages));
  for (const resource of resources) {
    if (resource.custom) continue;
    if (resource.group) found.set(`apis/${resource.group}`, groupPage(resource.group));
    found.set(rootOf(resource).slice(1), versionPage(resource));
  }
  return found;
}
