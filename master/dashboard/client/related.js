// What belongs to an object of a kind with parts: a roll-out and its revisions, Pods, endpoints, containers, keys of a ConfigMap.
import { followObjects, patch } from './api.js';
import { pathOf } from './discovery.js';
import { ask, button, failure, fill, h, notify } from './dom.js';
import { ageOf } from './duration.js';
import { formatRoute } from './route.js';
import { tableView } from './table-view.js';
import { deploymentProgress, revisionsOf, selectorText, undoPatch } from './workloads.js';

const section = (title, ...children) => h('section', {}, h('h2', {}, title), ...children);
const grid = (columns, rows) => h('div', { class: 'table' }, h('table', {}, h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))), h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell) => h('td', {}, cell)))))));
const find = (resources, plural, group = '') => resources.find((r) => r.plural === plural && r.group === group);
const podLink = (namespace, name, tab = 'summary', text = name) => h('a', { href: formatRoute({ page: 'object', group: '', version: 'v1', plural: 'pods', namespace, name, tab }) }, text);

function progress() {
  const bar = h('progress', { max: '1' });
  const text = h('span');
  const element = h('div', { class: 'progress', role: 'status' }, bar, text);
  return { element, update(object) {
    const state = deploymentProgress(object);
    bar.value = state.share;
    text.textContent = state.text;
    element.className = `progress ${state.failed ? 'bad' : state.done ? 'good' : 'wait'}`;
  } };
}

function revisions({ object, resource, resources, signal }) {
  const body = h('div');
  let deployment = object;
  let sets = [];
  async function undo({ revision, set, images }) {
    const done = await ask({
      title: `Undo to revision ${revision}?`, body: h('p', {}, `Its template takes effect again: ${images.join(', ')}`), confirm: 'Undo',
      act: () => patch(pathOf(resource, deployment.metadata.namespace, deployment.metadata.name), undoPatch(deployment, set), 'json'),
    });
    if (done) notify(`${deployment.metadata.name} goes back to revision ${revision}.`);
  }
  const draw = () => fill(body, grid(['Revision', 'Images', 'ReplicaSet', 'Pods', 'Cause', 'Age', ''], revisionsOf(deployment, sets).map((r) => [
    r.current ? h('strong', {}, String(r.revision)) : String(r.revision), r.images.join(', '), h('a', { href: formatRoute({ page: 'object', group: 'apps', version: 'v1', plural: 'replicasets', namespace: deployment.metadata.namespace, name: r.name, tab: 'summary' }) }, r.name),
    String(r.replicas), r.cause, ageOf(r.created, Date.now()), r.current ? h('span', { class: 'state good' }, 'current') : button('Undo to this', () => undo(r)),
  ])));
  void followObjects(pathOf(find(resources, 'replicasets', 'apps'), object.metadata.namespace), {
    query: { labelSelector: selectorText(object.spec.selector) }, signal,
    changed(found) { sets = found; draw(); }, state: (state) => { if (state !== 'live') fill(body, failure(state)); },
  });
  return { element: section('Revisions', body), update(next) { deployment = next; draw(); } };
}

/** Pods that a selector or a field selects. */
function pods({ object, resources, signal }, query, namespace = object.metadata.namespace) {
  const resource = find(resources, 'pods');
  return { element: section('Pods', tableView(resource, { namespace, signal, query, empty: 'No Pods.' }).element), update() {} };
}

function endpoints({ object, resources, signal }) {
  const body = h('div');
  const { namespace, name } = object.metadata;
  void followObjects(pathOf(find(resources, 'endpointslices', 'discovery.k8s.io'), namespace), {
    query: { labelSelector: `kubernetes.io/service-name=${name}` }, signal, state: (state) => { if (state !== 'live') fill(body, failure(state)); },
    changed(slices) {
      const rows = slices.flatMap((slice) => (slice.endpoints ?? []).map((e) => [
        e.addresses.join(', '), (slice.ports ?? []).map((p) => `${p.name ? `${p.name} ` : ''}${p.port}/${p.protocol ?? 'TCP'}`).join(', '),
        h('span', { class: `state ${e.conditions?.ready ? 'good' : 'wait'}` }, e.conditions?.ready ? 'ready' : e.conditions?.terminating ? 'terminating' : 'not ready'), e.targetRef?.kind === 'Pod' ? podLink(namespace, e.targetRef.name) : '', e.nodeName ?? '',
      ]));
      fill(body, rows.length ? grid(['Address', 'Ports', 'State', 'Pod', 'Node'], rows) : h('div', { class: 'message' }, 'No endpoints: no Pod that the Service selects is there.'));
    },
  });
  return { element: section('Endpoints', body), update() {} };
}

function ports() {
  const body = h('div');
  return { element: section('Ports', body), update({ spec }) {
    fill(body, grid(['Name', 'Port', 'Target', 'Node port', 'Protocol'], (spec.ports ?? []).map((p) => [p.name ?? '', String(p.port), String(p.targetPort ?? ''), String(p.nodePort ?? ''), p.appProtocol ? `${p.protocol} · ${p.appProtocol}` : p.protocol])));
  } };
}

function stateOf(status) {
  const [[kind, detail] = ['waiting', {}]] = Object.entries(status?.state ?? {});
  const text = detail?.reason ?? (kind === 'running' ? 'Running' : kind === 'terminated' ? `Exit code ${detail.exitCode}` : 'Waiting');
  const tone = kind === 'running' ? 'good' : kind === 'terminated' ? (detail.exitCode === 0 ? 'done' : 'bad') : /Err|BackOff|Invalid/.test(text) ? 'bad' : 'wait';
  return h('span', { class: `state ${tone}`, title: detail?.message }, text);
}

function containers({ object }) {
  const body = h('div');
  const { namespace, name } = object.metadata;
  return { element: section('Containers', body), update({ spec, status }) {
    const all = [['initContainers', 'initContainerStatuses', 'init'], ['containers', 'containerStatuses', ''], ['ephemeralContainers', 'ephemeralContainerStatuses', 'ephemeral']];
    fill(body, grid(['Name', 'State', 'Ready', 'Restarts', 'Image', ''], all.flatMap(([field, statuses, word]) => (spec[field] ?? []).map((c) => {
      const own = (status?.[statuses] ?? []).find((s) => s.name === c.name);
      return [word ? `${c.name} (${word})` : c.name, stateOf(own), own?.ready ? 'yes' : 'no', String(own?.restartCount ?? 0), c.image, podLink(namespace, name, 'logs', 'Logs')];
    }))));
  } };
}

function data() {
  const body = h('div');
  return { element: section('Data', body), update(object) {
    // Values of Secrets are shown in the object's text alone, when a person asks for it.
    const secret = object.kind === 'Secret';
    const entries = [...Object.entries(object.data ?? {}), ...Object.entries(object.binaryData ?? {})];
    fill(body, entries.length ? grid(['Key', secret ? 'Size' : 'Value'], entries.map(([key, value]) => [key, secret ? `${Math.floor(value.replace(/=+$/, '').length * 3 / 4)} bytes` : h('pre', { class: 'value' }, value)])) : h('div', { class: 'message' }, 'No data.'));
  } };
}

/** By kind; kinds of other groups that have the same name are other kinds. */
const parts = {
  'apps/Deployment': (c) => [progress(), revisions(c), pods(c, { labelSelector: selectorText(c.object.spec.selector) })],
  'apps/StatefulSet': (c) => [pods(c, { labelSelector: selectorText(c.object.spec.selector) })],
  'apps/DaemonSet': (c) => [pods(c, { labelSelector: selectorText(c.object.spec.selector) })],
  'apps/ReplicaSet': (c) => [pods(c, { labelSelector: selectorText(c.object.spec.selector) })],
  '/ReplicationController': (c) => [pods(c, { labelSelector: selectorText({ matchLabels: c.object.spec.selector }) })],
  'batch/Job': (c) => [pods(c, { labelSelector: selectorText(c.object.spec.selector) })],
  '/Service': (c) => [ports(), endpoints(c), ...(c.object.spec.selector ? [pods(c, { labelSelector: selectorText({ matchLabels: c.object.spec.selector }) })] : [])],
  '/Node': (c) => [pods(c, { fieldSelector: `spec.nodeName=${c.object.metadata.name}` }, '')],
  '/Pod': (c) => [containers(c)],
  '/ConfigMap': () => [data()],
  '/Secret': () => [data()],
};

/** `first` stands above the facts, `rest` below; both are kept up to date by `update`. */
export function relatedSections(context) {
  const made = parts[`${context.resource.group}/${context.object.kind}`]?.(context) ?? [];
  const { name, namespace = '' } = context.object.metadata;
  const events = find(context.resources, 'events');
  const told = events && section('Events', tableView(events, {
    namespace, signal: context.signal, hide: ['Object'], sortBy: { column: 'Last Seen', down: false }, empty: 'No Events.', limit: 10, query: { fieldSelector: `involvedObject.kind=${context.object.kind},involvedObject.name=${name}` },
  }).element);
  const isFirst = (part) => part.element.className.startsWith('progress');
  return {
    first: made.filter(isFirst).map((p) => p.element), rest: [...made.filter((p) => !isFirst(p)).map((p) => p.element), told],
    update(object) { for (const part of made) part.update(object); },
  };
}
