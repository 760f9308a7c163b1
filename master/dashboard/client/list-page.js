// All objects of one kind, as the server prints them.
import { titleOf } from './discovery.js';
import { h, setText } from './dom.js';
import { formatRoute } from './route.js';
import { tableView } from './table-view.js';

export function listPage({ route, resource, signal }) {
  const { namespace } = route;
  const filter = h('input', { 'type': 'search', 'placeholder': 'Filter: name, status, label=value…', 'aria-label': 'Filter', 'oninput': () => view.redraw() });
  const count = h('span', { class: 'count' });
  const view = tableView(resource, {
    namespace: resource.namespaced ? namespace : '', signal, filter: () => filter.value, ...(resource.plural === 'events' ? { sortBy: { column: 'Last Seen', down: false } } : {}),
    onChange: (rows, matching) => setText(count, matching === rows.size ? String(rows.size) : `${matching} of ${rows.size}`),
  });
  const where = resource.group ? `${resource.group}/${resource.version}` : resource.version;
  return [
    h('div', { class: 'head' }, h('div', { class: 'title' }, h('h1', {}, titleOf(resource), ' ', count), h('p', { class: 'quiet' }, where, resource.namespaced && (namespace ? ` · namespace ${namespace}` : ' · all namespaces'))),
      h('div', { class: 'actions' }, filter, resource.verbs.includes('create') && h('a', { class: 'button', href: formatRoute({ page: 'create', namespace }) }, 'Create'))),
    view.element,
  ];
}
