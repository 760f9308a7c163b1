// One object, as it is now: a summary, its text to edit, its Events; for Pods their logs and a shell.
import { followObjects } from './api.js';
import { actionsOf } from './actions.js';
import { pathOf } from './discovery.js';
import { failure, fill, h } from './dom.js';
import { editView } from './edit-view.js';
import { logView } from './log-view.js';
import { formatRoute } from './route.js';
import { summaryView } from './summary-view.js';
import { tableView } from './table-view.js';
import { terminalView } from './terminal-view.js';

function eventsView({ object, resources, signal }) {
  const events = resources.find((r) => r.plural === 'events' && r.group === '');
  const { name, namespace = '' } = object.metadata;
  return {
    element: tableView(events, {
      namespace, signal, hide: ['Object'], sortBy: { column: 'Last Seen', down: false }, empty: 'No Events.',
      query: { fieldSelector: `involvedObject.kind=${object.kind},involvedObject.name=${name}` },
    }).element,
    update() {},
  };
}

const tabs = [
  { id: 'summary', title: 'Summary', view: summaryView },
  { id: 'yaml', title: 'YAML', view: editView },
  { id: 'events', title: 'Events', view: eventsView },
  { id: 'logs', title: 'Logs', view: logView, only: 'Pod' },
  { id: 'terminal', title: 'Terminal', view: terminalView, only: 'Pod' },
];

export function objectPage({ route, resource, resources, signal }) {
  const place = { page: 'list', group: resource.group, version: resource.version, plural: resource.plural, namespace: route.namespace };
  const title = h('h1', {}, route.name);
  const actions = h('div', { class: 'actions' });
  const problem = h('div');
  const body = h('div');
  let view;
  let uid;
  let inner = new AbortController();
  signal.addEventListener('abort', () => inner.abort());

  function gone() {
    inner.abort();
    view = undefined;
    uid = undefined;
    actions.replaceChildren();
    fill(body, h('p', { class: 'message' }, `There is no ${resource.kind} ${route.name}${route.namespace ? ` in namespace ${route.namespace}` : ''}.`));
  }
  function changed([object]) {
    if (!object) return gone();
    if (uid !== object.metadata.uid) {
      // Another object of the same name is another object.
      inner.abort();
      inner = new AbortController();
      uid = object.metadata.uid;
      const tab = tabs.find((t) => t.id === route.tab && (!t.only || t.only === object.kind)) ?? tabs[0];
      view = tab.view({ object, resource, resources, route, signal: inner.signal });
      fill(body, view.element);
    }
    const buttons = actionsOf(object, resource);
    // Drawn again only when other actions fit, so that the focus stays.
    const wanted = buttons.map((b) => b.label).join(' ');
    if (actions.dataset.is !== wanted) fill(actions, buttons.map((b) => h('button', { type: 'button', class: b.danger ? 'danger' : undefined, onclick: () => void b.run(latest) }, b.label)));
    actions.dataset.is = wanted;
    latest = object;
    view.update(object);
  }
  let latest;
  void followObjects(pathOf(resource, route.namespace), {
    query: { fieldSelector: `metadata.name=${route.name}` }, signal, changed,
    state: (state) => fill(problem, state === 'live' ? null : failure(state)),
  });
  return [
    h('p', { class: 'crumbs' }, h('a', { href: formatRoute(place) }, resource.plural), route.namespace && ` · ${route.namespace}`),
    h('div', { class: 'head' }, h('div', { class: 'title' }, h('span', { class: 'kind' }, resource.kind), title), actions),
    h('nav', { 'class': 'tabs', 'aria-label': 'Parts' }, tabs.filter((t) => !t.only || t.only === resource.kind).map((t) => h('a', { 'href': formatRoute({ ...route, tab: t.id }), 'aria-current': t.id === route.tab ? 'page' : undefined }, t.title))),
    problem, body,
  ];
}
