// What can be done to an object, by what discovery says of it and by its kind: each asks first, and shows what the server answers.
import { call, patch } from './api.js';
import { pathOf } from './discovery.js';
import { ask, field, h, notify } from './dom.js';
import { formatRoute } from './route.js';
import { imagePatch, restartPatch } from './workloads.js';

const pathOfObject = (object, resource, subresource) => pathOf(resource, object.metadata.namespace, object.metadata.name, subresource);
const nameOf = (object) => `${object.kind} ${object.metadata.name}`;

async function scale(object, resource) {
  const path = pathOfObject(object, resource, 'scale');
  const input = h('input', { type: 'number', min: '0', step: '1', required: true, value: String(object.spec?.replicas ?? 1) });
  const done = await ask({ title: `Scale ${nameOf(object)}`, body: field('Replicas', input), confirm: 'Scale', act: () => patch(path, { spec: { replicas: Number(input.value) } }) });
  if (done) notify(`${nameOf(object)} scaled to ${input.value}.`);
}

async function restart(object, resource) {
  const done = await ask({
    title: `Restart ${nameOf(object)}?`, body: h('p', {}, 'Its Pods are replaced one after the other, as its update strategy says.'), confirm: 'Restart',
    act: () => patch(pathOfObject(object, resource), restartPatch(new Date()), 'strategic'),
  });
  if (done) notify(`${nameOf(object)} restarts.`);
}

async function setImage(object, resource) {
  const { containers } = object.spec.template.spec;
  const inputs = containers.map((c) => [c, h('input', { type: 'text', value: c.image, required: true, spellcheck: 'false', autocapitalize: 'off' })]);
  const done = await ask({
    title: `Images of ${nameOf(object)}`, body: inputs.map(([c, input]) => field(c.name, input)), confirm: 'Set images',
    act: () => patch(pathOfObject(object, resource), imagePatch(Object.fromEntries(inputs.filter(([c, input]) => input.value.trim() !== c.image).map(([c, input]) => [c.name, input.value.trim()]))), 'strategic'),
  });
  if (done) notify(`Images of ${nameOf(object)} set.`);
}

async function cordon(object, resource) {
  const unschedulable = !object.spec?.unschedulable;
  const done = await ask({
    title: `${unschedulable ? 'Cordon' : 'Uncordon'} ${nameOf(object)}?`, body: h('p', {}, unschedulable ? 'No further Pods are scheduled to it; those it has go on.' : 'Pods may be scheduled to it again.'), confirm: unschedulable ? 'Cordon' : 'Uncordon',
    act: () => patch(pathOfObject(object, resource), { spec: { unschedulable: unschedulable || null } }),
  });
  if (done) notify(`${nameOf(object)} ${unschedulable ? 'cordoned' : 'uncordoned'}.`);
}

async function suspend(object, resource) {
  const suspended = !object.spec?.suspend;
  const done = await ask({ title: `${suspended ? 'Suspend' : 'Resume'} ${nameOf(object)}?`, body: null, confirm: suspended ? 'Suspend' : 'Resume', act: () => patch(pathOfObject(object, resource), { spec: { suspend: suspended } }) });
  if (done) notify(`${nameOf(object)} ${suspended ? 'suspended' : 'resumed'}.`);
}

async function remove(object, resource) {
  const isPod = object.kind === 'Pod';
  const atOnce = h('input', { type: 'checkbox' });
  const orphan = h('input', { type: 'checkbox' });
  const { uid, namespace } = object.metadata;
  const done = await ask({
    title: `Delete ${nameOf(object)}?`, confirm: 'Delete', danger: true,
    body: [h('p', {}, namespace ? `In namespace ${namespace}. This cannot be undone.` : 'This cannot be undone.'), isPod ? h('label', { class: 'check' }, atOnce, 'At once, without a grace period') : h('label', { class: 'check' }, orphan, 'Leave what it owns')],
    act: () => call('DELETE', pathOfObject(object, resource), { body: {
      apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid }, propagationPolicy: orphan.checked ? 'Orphan' : 'Background', ...(isPod && atOnce.checked ? { gracePeriodSeconds: 0 } : {}),
    } }),
  });
  if (!done) return;
  notify(`${nameOf(object)} deleted.`);
  location.hash = formatRoute({ page: 'list', group: resource.group, version: resource.version, plural: resource.plural, namespace: namespace ?? '' });
}

/** The buttons an object has now. */
export function actionsOf(object, resource) {
  const can = (verb) => resource.verbs.includes(verb);
  const rolls = resource.group === 'apps' && ['Deployment', 'StatefulSet', 'DaemonSet'].includes(object.kind);
  const all = [
    resource.subresources.includes('scale') && can('patch') && ['Scale', scale],
    rolls && ['Restart', restart],
    rolls && ['Set image', setImage],
    object.kind === 'Node' && resource.group === '' && [object.spec?.unschedulable ? 'Uncordon' : 'Cordon', cordon],
    resource.group === 'batch' && ['Job', 'CronJob'].includes(object.kind) && [object.spec?.suspend ? 'Resume' : 'Suspend', suspend],
    can('delete') && ['Delete', remove],
  ].filter(Boolean);
  return all.map(([label, act]) => ({ label, danger: label === 'Delete', run: (latest) => act(latest ?? object, resource) }));
}
