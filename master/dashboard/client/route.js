// Addresses within the page: everything is in the fragment, which never reaches a server or its log.
// @ts-check

/**
 * @typedef {{ page: 'overview', namespace: string }} OverviewRoute
 * @typedef {{ page: 'list', group: string, version: string, plural: string, namespace: string }} ListRoute
 * @typedef {{ page: 'object', group: string, version: string, plural: string, namespace: string, name: string, tab: string }} ObjectRoute
 * @typedef {{ page: 'create', namespace: string }} CreateRoute
 * @typedef {OverviewRoute | ListRoute | ObjectRoute | CreateRoute} Route
 */

/** What stands for an empty part: no group has this name, no namespace either. */
const none = '-';
/** @param {string} part */
const written = (part) => encodeURIComponent(part === '' ? none : part);
/** @param {string | undefined} part */
const read = (part) => (part === undefined || part === none ? '' : part);

/** @param {Route} route */
export function formatRoute(route) {
  switch (route.page) {
    case 'overview': return `#/overview/${written(route.namespace)}`;
    case 'create': return `#/create/${written(route.namespace)}`;
    case 'list': return `#/list/${[route.group, route.version, route.plural, route.namespace].map(written).join('/')}`;
    case 'object': return `#/object/${[route.group, route.version, route.plural, route.namespace, route.name, route.tab].map(written).join('/')}`;
  }
}

/**
 * Undefined for what is no address of this page.
 * @param {string} hash
 * @returns {Route | undefined}
 */
export function parseRoute(hash) {
  let parts;
  try {
    parts = hash.replace(/^#?\/?/, '').split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
  const [page, ...rest] = parts;
  const [group, version, plural, namespace, name, tab] = rest.map(read);
  if (page === '' || (page === 'overview' && rest.length <= 1)) return { page: 'overview', namespace: group ?? '' };
  if (page === 'create' && rest.length <= 1) return { page: 'create', namespace: group ?? '' };
  if (!version || !plural) return undefined;
  if (page === 'list' && rest.length <= 4) return { page, group: group ?? '', version, plural, namespace: namespace ?? '' };
  if (page === 'object' && name && rest.length <= 6) return { page, group: group ?? '', version, plural, namespace: namespace ?? '', name, tab: tab || 'summary' };
  return undefined;
}

/**
 * A token handed over in the fragment (`#token=…`).
 * @param {string} hash
 */
export const tokenIn = (hash) => /^#token=([\w.~+/=-]+)$/.exec(hash)?.[1];
