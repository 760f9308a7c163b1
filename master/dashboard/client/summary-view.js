// What there is to know of an object: what the server prints of its kind, names and labels, conditions, and what belongs to it.
import { getTable } from './api.js';
import { apiVersionOf, pathOf, resourceOf } from './discovery.js';
import { fill, h, setText } from './dom.js';
import { ageOf } from './duration.js';
import { relatedSections } from './related.js';
import { formatRoute } from './route.js';
import { cellText, isAge, toneOf } from './table.js';

const time = (timestamp) => (timestamp ? h('time', { datetime: timestamp, title: timestamp }, `${ageOf(timestamp, Date.now())} ago`) : '');

function pairs(entries) {
  return h('span', { class: 'chips' }, entries.map(([key, value]) => h('span', { class: 'chip' }, h('b', {}, key), value === '' ? '' : ` ${value}`)));
}

function owners({ metadata }, resources) {
  return (metadata.ownerReferences ?? []).map(({ apiVersion, kind, name }) => {
    const resource = resourceOf(resources, apiVersion, kind);
    const text = `${kind} ${name}`;
    return resource ? h('a', { href: formatRoute({ page: 'object', group: resource.group, version: resource.version, plural: resource.plural, namespace: resource.namespaced ? metadata.namespace ?? '' : '', name, tab: 'summary' }) }, text) : h('span', {}, text);
  });
}

/** The row of the server's Table, each column a fact. */
function facts(table) {
  const [row] = table.rows ?? [];
  return (table.columnDefinitions ?? []).flatMap((column, i) => {
    if (column.name === 'Name' || isAge(column) || !row) return [];
    const text = cellText(row.cells[i]);
    const tone = toneOf(column.name, text);
    return text === '<none>' || text === '' ? [] : [[column.name, h('span', { class: tone ? `state ${tone}` : undefined }, text)]];
  });
}

/** A condition is fine or not by its type: most are good when True, pressure and failure when False. */
function conditionTone({ type, status }) {
  const good = /Pressure|Unavailable|Failure|Failed|Stalled|NamesConflict|NonStructural|Terminating|Deletion/.test(type) ? 'False' : 'True';
  return status === good ? 'good' : status === 'Unknown' ? 'wait' : 'bad';
}

function conditions(list) {
  if (!Array.isArray(list) || !list.every((c) => typeof c?.type === 'string')) return null;
  return h('section', {}, h('h2', {}, 'Conditions'), h('div', { class: 'table' }, h('table', {},
    h('thead', {}, h('tr', {}, ['Type', 'Status', 'Reason', 'Message', 'Since'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, list.map((c) => h('tr', {}, h('td', {}, c.type), h('td', {}, h('span', { class: `state ${conditionTone(c)}` }, c.status)), h('td', {}, c.reason ?? ''), h('td', { class: 'long' }, c.message ?? ''), h('td', { class: 'quiet' }, time(c.lastTransitionTime))))))));
}

function metadataFacts(object, resource, resources) {
  const { metadata } = object;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => name !== 'kubectl.kubernetes.io/last-applied-configuration');
  const labels = Object.entries(metadata.labels ?? {});
  const own = owners(object, resources);
  return [
    ['API version', apiVersionOf(resource)],
    ['Created', h('span', {}, metadata.creationTimestamp, ' · ', time(metadata.creationTimestamp))],
    metadata.deletionTimestamp && ['Deleted', h('span', { class: 'state wait' }, `since ${metadata.deletionTimestamp}`)],
    metadata.finalizers?.length && ['Finalizers', metadata.finalizers.join(', ')],
    own.length > 0 && ['Owned by', own],
    labels.length > 0 && ['Labels', pairs(labels)],
    annotations.length > 0 && ['Annotations', h('details', {}, h('summary', {}, `${annotations.length}`), h('dl', { class: 'facts inner' }, annotations.map(([key, value]) => [h('dt', {}, key), h('dd', {}, value)])))],
    ['UID', h('code', {}, metadata.uid)],
  ].filter(Boolean);
}

export function summaryView({ object, resource, resources, route, signal }) {
  const printed = h('dl', { class: 'facts' });
  const named = h('dl', { class: 'facts' });
  const stated = h('div');
  const related = relatedSections({ object, resource, resources, route, signal });
  const lines = (entries) => entries.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
  let drawn = '';
  async function print() {
    try {
      fill(printed, lines(facts(await getTable(pathOf(resource, object.metadata.namespace, object.metadata.name), { signal }))));
    } catch (error) {
      // The object went away meanwhile, which the page itself tells.
      if (!signal.aborted && error.code !== 404) fill(printed, h('dt', {}, 'Status'), h('dd', {}, error.message));
    }
  }
  const timer = setInterval(() => { for (const t of stated.parentElement?.querySelectorAll('time') ?? []) setText(t, `${ageOf(t.dateTime, Date.now())} ago`); }, 5000);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return {
    element: h('div', { class: 'summary' }, related.first, h('section', { class: 'card two' }, printed, named), stated, related.rest),
    update(next) {
      if (next.metadata.resourceVersion === drawn) return;
      drawn = next.metadata.resourceVersion;
      void print();
      // An open fold stays open.
      const open = named.querySelector('details')?.open;
      fill(named, lines(metadataFacts(next, resource, resources)));
      if (open) named.querySelector('details')?.setAttribute('open', '');
      fill(stated, conditions(next.status?.conditions));
      related.update(next);
    },
  };
}
