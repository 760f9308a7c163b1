// How the cluster is, at one glance: nodes, Pods, workloads, and what the server warns of.
import { titleOf } from './discovery.js';
import { h, fill } from './dom.js';
import { formatRoute } from './route.js';
import { cellText, toneOf } from './table.js';
import { tableView } from './table-view.js';

const shown = [
  ['nodes', ''], ['deployments', 'apps'], ['statefulsets', 'apps'], ['daemonsets', 'apps'], ['jobs', 'batch'], ['cronjobs', 'batch'], ['pods', ''], ['services', ''],
];
/** These stand there also when there are none. */
const always = new Set(['nodes', 'deployments', 'pods']);

const words = { good: 'ready', wait: 'waiting', bad: 'failing', done: 'finished' };

/** How many rows feel how, by their state; those without one count as well. */
function tally(rows) {
  const counts = { bad: 0, wait: 0, good: 0, done: 0 };
  for (const { cells } of rows.all()) {
    const tones = rows.columns.map((column, i) => toneOf(column.name, cellText(cells[i])));
    counts[['bad', 'done', 'wait', 'good'].find((tone) => tones.includes(tone)) ?? 'good'] += 1;
  }
  return counts;
}

export function overviewPage({ route, resources, signal }) {
  const { namespace } = route;
  const cards = h('div', { class: 'cards' });
  const sections = shown.flatMap(([plural, group]) => {
    const resource = resources.find((r) => r.plural === plural && r.group === group && r.verbs.includes('watch'));
    if (!resource) return [];
    const place = { page: 'list', group, version: resource.version, plural, namespace: resource.namespaced ? namespace : '' };
    const card = h('a', { class: 'card', href: formatRoute(place), hidden: !always.has(plural) });
    cards.append(card);
    const section = h('section', { hidden: !always.has(plural) });
    const view = tableView(resource, {
      namespace: resource.namespaced ? namespace : '', signal, limit: 20,
      onChange(rows) {
        const counts = tally(rows);
        const states = rows.columns.some((c) => ['Status', 'Ready', 'State'].includes(c.name)) ? Object.entries(counts).filter(([, n]) => n > 0) : [];
        fill(card, h('span', { class: 'figure' }, String(rows.size)), h('span', { class: 'name' }, titleOf(resource)),
          states.length > 0 && h('span', { 'class': 'bar', 'aria-hidden': 'true' }, states.map(([tone, n]) => { const part = h('i', { class: tone }); part.style.flexGrow = n; return part; })),
          h('span', { class: 'quiet' }, states.map(([tone, n]) => `${n} ${words[tone]}`).join(' · ')));
        card.hidden = section.hidden = rows.size === 0 && !always.has(plural);
      },
    });
    fill(card, h('span', { class: 'figure' }, '…'), h('span', { class: 'name' }, titleOf(resource)));
    fill(section, h('h2', {}, h('a', { href: formatRoute(place) }, titleOf(resource))), view.element);
    return [section];
  });
  const events = resources.find((r) => r.plural === 'events' && r.group === '');
  const warnings = events && h('section', {}, h('h2', {}, 'Warnings'), tableView(events, {
    namespace, signal, limit: 10, query: { fieldSelector: 'type=Warning' }, hide: ['Type'], sortBy: { column: 'Last Seen', down: false }, empty: 'No warnings.',
  }).element);
  return [h('div', { class: 'head' }, h('div', { class: 'title' }, h('h1', {}, 'Overview'), h('p', { class: 'quiet' }, namespace ? `namespace ${namespace}` : 'all namespaces'))), cards, warnings, sections];
}
