// The frame around the pages: signing in, the menu, the namespace, and which page the address names. A page lives as long as its
// signal: what it follows ends when another page takes its place.
import { get, call, followTable } from './api.js';
import { createPage } from './create-page.js';
import { menuOf, resourcesIn, titleOf } from './discovery.js';
import { button, failure, fill, h } from './dom.js';
import { listPage } from './list-page.js';
import { objectPage } from './object-page.js';
import { overviewPage } from './overview-page.js';
import { formatRoute, parseRoute, tokenIn } from './route.js';
import { chooseNamespace, namespace, session, signIn, signOut, token } from './session.js';
import { signInPage } from './sign-in-page.js';
import { Rows } from './table.js';

const app = document.getElementById('app');
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
/** Definitions come and go; the menu follows when a person looks. */
const discoverMs = 60_000;

const pages = { overview: overviewPage, list: listPage, object: objectPage, create: createPage };

let frame;
let current = new AbortController();

async function discover() {
  return resourcesIn(await Promise.all(['/api', '/apis'].map((path) => get(path, { accept: aggregated }))));
}

/** Signs in with a token handed over in the address, which leaves the address at once. */
function takeToken() {
  const given = tokenIn(location.hash);
  if (!given) return;
  signIn(given);
  history.replaceState(null, '', '#/');
}

async function start(reason = '') {
  frame?.end();
  frame = undefined;
  current.abort();
  takeToken();
  if (!token()) return showSignIn(reason);
  fill(app, h('p', { class: 'message' }, 'Loading…'));
  try {
    const who = await call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' } });
    frame = makeFrame(who.status.userInfo.username, await discover());
    show();
  } catch (error) {
    // A token that is refused has signed out already, which shows the form.
    if (error.code !== 401) fill(app, h('main', { class: 'alone' }, failure(error), h('div', { class: 'buttons' }, button('Try again', () => start()), button('Sign out', () => signOut()))));
  }
}

function showSignIn(reason) {
  document.title = 'Sign in · Dray';
  fill(app, signInPage(reason, (value) => { signIn(value); void start(); }));
  app.querySelector('textarea, input')?.focus();
}

function makeFrame(user, resources) {
  const ended = new AbortController();
  const main = h('main', { id: 'main', tabindex: '-1' });
  const menu = h('nav', { 'id': 'menu', 'aria-label': 'Resources' });
  const picker = h('select', { 'aria-label': 'Namespace', 'onchange': () => changeNamespace(picker.value) });
  const known = new Rows();
  const frameResources = { all: resources };
  let listable = true;

  function changeNamespace(value) {
    chooseNamespace(value);
    const route = parseRoute(location.hash) ?? { page: 'overview' };
    // An object belongs to one namespace: its list is the nearest page.
    if (route.page === 'object' && !route.namespace) return drawMenu();
    location.hash = formatRoute(route.page === 'object' ? { ...route, page: 'list', namespace: value } : { ...route, namespace: value });
  }
  function drawPicker() {
    const now = namespace();
    const names = known.all().map((row) => row.object.metadata.name).sort();
    if (now && !names.includes(now)) names.push(now);
    const wanted = ['', ...names];
    if (picker.dataset.is !== wanted.join(' ')) fill(picker, wanted.map((name) => h('option', { value: name }, name || 'All namespaces')), !listable && h('option', { value: '\n' }, 'Another…'));
    picker.dataset.is = wanted.join(' ');
    picker.value = now;
  }
  function drawMenu() {
    const route = parseRoute(location.hash);
    const link = (target, text, selected) => h('a', { 'href': formatRoute(target), 'aria-current': selected ? 'page' : undefined, 'onclick': () => close() }, text);
    fill(menu,
      h('section', {}, link({ page: 'overview', namespace: namespace() }, 'Overview', route?.page === 'overview'), link({ page: 'create', namespace: namespace() }, 'Create…', route?.page === 'create')),
      menuOf(frameResources.all).map(({ title, resources: some }) => {
        const links = some.map((r) => link({ page: 'list', group: r.group, version: r.version, plural: r.plural, namespace: r.namespaced ? namespace() : '' }, titleOf(r), route && 'plural' in route && route.plural === r.plural && route.group === r.group));
        const folded = title === 'More' || title === 'Access';
        return h('details', { open: !folded || links.some((l) => l.hasAttribute('aria-current')) }, h('summary', {}, title), links);
      }));
    drawPicker();
  }
  const toggle = button('☰', () => shell.classList.contains('open') ? close() : open(), { 'class': 'plain menu-button', 'aria-label': 'Menu', 'aria-controls': 'menu', 'aria-expanded': 'false' });
  const shell = h('div', { class: 'shell', onkeydown: (event) => { if (event.key === 'Escape') close(); } },
    h('a', { class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); main.focus(); } }, 'Skip to the content'),
    h('header', {}, toggle, h('a', { class: 'brand', href: '#/' }, h('img', { src: 'icon.svg', alt: '', width: '26', height: '26' }), h('span', {}, 'Dray')), picker,
      h('span', { class: 'who', title: user }, user.split(':').at(-1)), button('Sign out', () => signOut(), { class: 'plain' })),
    menu, h('div', { class: 'shade', onclick: () => close() }), main);
  function open() {
    shell.classList.add('open');
    toggle.setAttribute('aria-expanded', 'true');
    menu.querySelector('a')?.focus();
  }
  function close() {
    shell.classList.remove('open');
    toggle.setAttribute('aria-expanded', 'false');
  }
  picker.addEventListener('change', () => {
    if (picker.value !== '\n') return;
    const name = prompt('Namespace')?.trim();
    if (name) changeNamespace(name);
    drawMenu();
  });
  void followTable('/api/v1/namespaces', { rows: known, changed: drawPicker, signal: ended.signal, state(state) {
    listable = state === 'live';
    delete picker.dataset.is;
    drawPicker();
  } });
  let asked = Date.now();
  async function refresh() {
    if (Date.now() - asked < discoverMs) return;
    asked = Date.now();
    frameResources.all = await discover();
    drawMenu();
  }
  fill(app, shell);
  return {
    main, drawMenu, close, refresh, end: () => ended.abort(), get resources() { return frameResources.all; },
    async rediscover() {
      frameResources.all = await discover();
      drawMenu();
      return frameResources.all;
    },
  };
}

function show() {
  if (!frame) return;
  // A question about an object that is no longer shown is not answered.
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  current.abort();
  current = new AbortController();
  const route = location.hash === '' || location.hash === '#/' ? { page: 'overview', namespace: namespace() } : parseRoute(location.hash);
  if (route && route.page !== 'object' && (route.page !== 'list' || frame.resources.find((r) => r.plural === route.plural && r.group === route.group)?.namespaced)) chooseNamespace(route.namespace);
  frame.drawMenu();
  const find = ({ group, version, plural }) => {
    const resource = frame.resources.find((r) => r.group === group && r.plural === plural);
    return resource && { ...resource, version };
  };
  let content;
  if (!route) content = h('p', { class: 'message' }, 'There is no such page.');
  else {
    const resource = 'plural' in route ? find(route) : undefined;
    if ('plural' in route && !resource) content = h('p', { class: 'message' }, `The server does not serve ${route.plural}${route.group ? `.${route.group}` : ''}.`);
    else content = pages[route.page]({ route, resource, resources: frame.resources, signal: current.signal, rediscover: frame.rediscover });
  }
  fill(frame.main, content);
  const heading = frame.main.querySelector('h1')?.textContent;
  document.title = heading ? `${heading} · Dray` : 'Dray';
  frame.main.scrollTop = 0;
  frame.close();
  frame.refresh().catch(() => {
    // The menu stays as it was; what is wrong with the server says the page itself.
  });
}

session.addEventListener('signedout', (event) => void start(event.detail));
addEventListener('hashchange', () => {
  if (tokenIn(location.hash)) void start();
  else show();
});
void start();
