// Objects from pasted YAML or JSON: each document goes to the server as it was written, and the server's answer stands beside it.
import { call, manager, patch } from './api.js';
import { pathOf, resourceOf } from './discovery.js';
import { documentsIn, manifestsIn } from './documents.js';
import { button, failure, fill, h } from './dom.js';
import { formatRoute } from './route.js';

const yaml = () => import('./yaml/index.js');

export function createPage({ route, resources, rediscover }) {
  const text = h('textarea', { 'class': 'code', 'spellcheck': 'false', 'autocapitalize': 'off', 'aria-label': 'Manifest', 'placeholder': 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n…\n\nSeveral documents are parted by a line of ---' });
  const file = h('input', { 'type': 'file', 'accept': '.yaml,.yml,.json', 'multiple': true, 'aria-label': 'Files', 'onchange': async () => { text.value = (await Promise.all([...file.files].map((f) => f.text()))).join('\n---\n'); file.value = ''; } });
  const mode = h('select', { 'aria-label': 'How' }, h('option', { value: 'apply' }, 'Apply (server side)'), h('option', { value: 'create' }, 'Create'));
  const force = h('input', { type: 'checkbox' });
  const results = h('ul', { 'class': 'results', 'aria-live': 'polite' });
  let known = resources;

  async function send(manifest, dryRun) {
    let resource = resourceOf(known, manifest.apiVersion, manifest.kind);
    if (!resource) {
      // A definition of a moment ago may serve it by now.
      known = await rediscover();
      resource = resourceOf(known, manifest.apiVersion, manifest.kind);
    }
    if (!resource) throw new Error(`no matches for kind "${manifest.kind}" in version "${manifest.apiVersion}"`);
    const namespace = resource.namespaced ? manifest.namespace || route.namespace || 'default' : '';
    const query = { fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) };
    const applies = mode.value === 'apply' && manifest.name;
    const object = applies
      ? await patch(pathOf(resource, namespace, manifest.name), manifest.text, 'apply', { ...query, ...(force.checked ? { force: 'true' } : {}) })
      : await call('POST', pathOf(resource, namespace), { body: manifest.text, type: `application/${manifest.type}`, query: { ...query, fieldManager: manager } });
    return { object, resource, did: dryRun ? 'would be accepted' : applies ? 'applied' : 'created' };
  }
  async function run(dryRun) {
    results.replaceChildren();
    const line = (...children) => { const item = h('li', {}, ...children); results.append(item); return item; };
    try {
      const { parse } = await yaml();
      const manifests = documentsIn(text.value).flatMap((part) => manifestsIn(part, (source) => parse(source)));
      if (!manifests.length) line('There is nothing to send.');
      for (const manifest of manifests) {
        const item = line(h('strong', {}, `${manifest.kind} ${manifest.name || manifest.generateName}`), ' …');
        try {
          const { object, resource, did } = await send(manifest, dryRun);
          const { namespace = '', name } = object.metadata;
          const target = formatRoute({ page: 'object', group: resource.group, version: resource.version, plural: resource.plural, namespace, name, tab: 'summary' });
          fill(item, h('span', { class: 'state good' }, '✓'), ' ', dryRun ? h('strong', {}, `${object.kind} ${name}`) : h('a', { href: target }, `${object.kind} ${name}`), ` ${did}`);
        } catch (error) {
          fill(item, h('strong', {}, `${manifest.kind} ${manifest.name || manifest.generateName}`), failure(error));
        }
      }
    } catch (error) {
      line(failure({ reason: 'Not sent', message: error.message }));
    }
  }
  return [
    h('div', { class: 'head' }, h('div', { class: 'title' }, h('h1', {}, 'Create'), h('p', { class: 'quiet' }, `YAML or JSON; what names no namespace goes to ${route.namespace || 'default'}`)), h('div', { class: 'actions' }, file)),
    text,
    h('div', { class: 'buttons' }, mode, h('label', { class: 'check', title: 'Take over fields that another manager owns' }, force, 'Force conflicts'), h('span', { class: 'space' }), button('Check', () => run(true), { title: 'A dry run: the server judges, and keeps nothing' }), button('Send', () => run(false), { class: 'primary' })),
    results,
  ];
}
