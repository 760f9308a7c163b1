// An object as text, to read and to change: what is sent is what stands there, and the server judges it.
import { call, manager } from './api.js';
import { pathOf } from './discovery.js';
import { editable } from './documents.js';
import { button, failure, fill, h, notify } from './dom.js';

export function editView({ object: first, resource, signal }) {
  let object = first;
  let form = 'yaml';
  let loaded;
  let stringify;
  const text = h('textarea', { 'class': 'code', 'spellcheck': 'false', 'autocapitalize': 'off', 'aria-label': 'Text of the object', 'oninput': () => drawState() });
  const answer = h('div', { 'aria-live': 'polite' });
  const stale = h('span', { class: 'quiet' });
  const yamlButton = button('YAML', () => choose('yaml'));
  const jsonButton = button('JSON', () => choose('json'));
  const changed = () => text.value !== loaded;
  const writable = resource.verbs.includes('update');
  const check = button('Check', () => send(true), { title: 'A dry run: the server judges, and keeps nothing' });
  const save = button('Save', () => send(false), { class: 'primary' });
  const reset = button('Reload', () => load());
  text.readOnly = !writable;

  function load() {
    const value = editable(object);
    loaded = form === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false });
    text.value = loaded;
    text.dataset.version = object.metadata.resourceVersion;
    answer.replaceChildren();
    drawState();
  }
  function drawState() {
    const edited = changed();
    for (const b of [check, save]) b.disabled = !edited;
    const old = text.dataset.version !== object.metadata.resourceVersion;
    stale.textContent = edited && old ? 'The object has changed since; Reload gives up what you changed.' : edited ? 'Changed' : '';
    reset.hidden = !edited;
    yamlButton.setAttribute('aria-pressed', String(form === 'yaml'));
    jsonButton.setAttribute('aria-pressed', String(form === 'json'));
  }
  function choose(other) {
    if (form === other || (changed() && !confirm('Give up what you changed?'))) return;
    form = other;
    load();
  }
  async function send(dryRun) {
    for (const b of [check, save]) b.disabled = true;
    try {
      object = await call('PUT', pathOf(resource, object.metadata.namespace, object.metadata.name), { body: text.value, type: `application/${form}`, query: { fieldManager: manager, fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) } });
      if (dryRun) fill(answer, h('p', { class: 'ok' }, 'The server would accept this.'));
      else {
        load();
        notify(`${object.kind} ${object.metadata.name} saved.`);
      }
    } catch (error) {
      fill(answer, failure(error));
      answer.scrollIntoView({ block: 'nearest' });
    }
    drawState();
  }
  void import('./yaml/index.js').then((yaml) => {
    if (signal.aborted) return;
    ({ stringify } = yaml);
    load();
  }, (error) => fill(answer, failure(error), button('Load the page again', () => location.reload())));
  drawState();
  return {
    element: h('div', { class: 'edit' }, h('div', { class: 'buttons' }, h('span', { class: 'switch' }, yamlButton, jsonButton), stale, h('span', { class: 'space' }), writable && [reset, check, save]), answer, text),
    update(next) {
      object = next;
      if (!stringify) return;
      if (changed()) drawState();
      else if (text.dataset.version !== next.metadata.resourceVersion) load();
    },
  };
}
