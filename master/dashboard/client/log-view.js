// The logs of a Pod's container, as they are written.
import { stream } from './api.js';
import { pathOf } from './discovery.js';
import { button, failure, fill, h } from './dom.js';

/** Lines kept on the page. */
const most = 5000;

export const containersOf = ({ spec }) => [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map((c) => c.name);

export function logView({ object, resource, signal }) {
  const names = containersOf(object);
  const container = h('select', { 'aria-label': 'Container', 'onchange': () => start() }, names.map((name) => h('option', { value: name }, name)));
  const wanted = object.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (names.includes(wanted)) container.value = wanted;
  const option = (label, checked, then) => { const box = h('input', { type: 'checkbox', checked, onchange: then }); return [box, h('label', { class: 'check' }, box, label)]; };
  const [follow, followLabel] = option('Follow', true, () => start());
  const [previous, previousLabel] = option('Previous', false, () => start());
  const [timestamps, timestampsLabel] = option('Timestamps', false, () => start());
  const [wrap, wrapLabel] = option('Wrap', true, () => output.classList.toggle('wrap', wrap.checked));
  const output = h('pre', { 'class': 'log wrap', 'tabindex': '0', 'role': 'log', 'aria-label': 'Log' });
  const state = h('div');
  let running = new AbortController();
  signal.addEventListener('abort', () => running.abort());

  function add(lines) {
    // Whoever has scrolled up reads; the others see the end.
    const atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
    output.append(...lines.map((line) => h('span', {}, `${line}\n`)));
    while (output.childElementCount > most) output.firstChild.remove();
    if (atEnd) output.scrollTop = output.scrollHeight;
  }
  async function start() {
    running.abort();
    const own = running = new AbortController();
    output.replaceChildren();
    fill(state, h('span', { class: 'quiet' }, 'Loading…'));
    try {
      const query = { container: container.value, tailLines: '1000', follow: follow.checked && !previous.checked ? 'true' : '', previous: previous.checked ? 'true' : '', timestamps: timestamps.checked ? 'true' : '' };
      const path = pathOf(resource, object.metadata.namespace, object.metadata.name, 'log');
      if (query.follow) fill(state, h('span', { class: 'live' }, 'following'));
      for await (const lines of stream(path, { query, signal: own.signal })) add(lines);
      if (!own.signal.aborted) fill(state, h('span', { class: 'quiet' }, output.childElementCount ? 'The log ends here.' : 'The log is empty.'));
    } catch (error) {
      if (!own.signal.aborted) fill(state, failure(error));
    }
  }
  void start();
  return {
    element: h('div', { class: 'logs' }, h('div', { class: 'buttons' }, container, followLabel, previousLabel, timestampsLabel, wrapLabel, h('span', { class: 'space' }), button('Again', () => start())), output, state),
    update() {},
  };
}
