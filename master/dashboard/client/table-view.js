// A live table of any kind: rows are kept and only what differs is written, so that a selection or the focus stays where it is.
import { followTable } from './api.js';
import { h, fill, setText, failure, button } from './dom.js';
import { ageOf } from './duration.js';
import { pathOf } from './discovery.js';
import { formatRoute } from './route.js';
import { Rows, cellText, filtered, isAge, sorted, toneOf } from './table.js';

/** Rows shown before a person asks for more. */
const page = 500;
const ageMs = 5000;
/** Texts of more characters are broken into lines. */
const longText = 48;

/**
 * The rows of `namespace` ('' is all) that `query` selects, until the signal aborts; `onChange` hears of the rows and of how many the
 * filter leaves. Rows link to their objects; columns named in `hide` are left out, `limit` rows shown at first.
 */
export function tableView(resource, { namespace = '', query = {}, signal, onChange = () => {}, empty, filter = () => '', hide = [], sortBy, limit = page }) {
  const rows = new Rows();
  let sort = sortBy;
  let shown = limit;
  let loaded = false;
  let scheduled = false;
  const kept = new Map();
  const head = h('thead');
  const body = h('tbody');
  const message = h('div', { class: 'message' }, 'Loading…');
  const table = h('table', { hidden: true }, head, body);
  const root = h('div', { class: 'table' }, table, message);
  const withNamespace = resource.namespaced && namespace === '';

  const visible = () => rows.columns.map((column, index) => ({ ...column, index })).filter((c) => (c.priority ?? 0) === 0 && !hide.includes(c.name));

  function sortOn(name) {
    sort = sort?.column === name ? (sort.down ? undefined : { column: name, down: true }) : { column: name, down: false };
    draw();
  }
  function drawHead(columns) {
    const wanted = JSON.stringify([columns.map((c) => c.name), sort]);
    if (head.dataset.is === wanted) return;
    head.dataset.is = wanted;
    const cell = (c) => h('th', { 'scope': 'col', 'aria-sort': sort?.column === c.name ? (sort.down ? 'descending' : 'ascending') : undefined, 'title': c.description || undefined }, button(c.name, () => sortOn(c.name), { class: 'plain' }));
    fill(head, h('tr', {}, withNamespace && h('th', { scope: 'col' }, 'Namespace'), columns.map(cell)));
    // Cells of other columns are of no use any more.
    kept.clear();
    body.replaceChildren();
  }
  function makeRow({ object: { metadata } }, columns) {
    const target = { page: 'object', group: resource.group, version: resource.version, plural: resource.plural, namespace: metadata.namespace ?? '', name: metadata.name, tab: 'summary' };
    const cells = columns.map((c) => (c.name === 'Name' || c.format === 'name'
      ? h('td', {}, h('a', { href: formatRoute(target) }))
      : h('td', { class: isAge(c) ? 'quiet' : c.type === 'integer' || c.type === 'number' ? 'number' : undefined }, h('span'))));
    return { element: h('tr', {}, withNamespace && h('td', { class: 'quiet' }, metadata.namespace), cells), cells };
  }
  function draw() {
    scheduled = false;
    if (!loaded) return;
    const columns = visible();
    drawHead(columns);
    const matching = sorted(filtered(rows.all(), filter()), rows.columns, sort);
    const now = Date.now();
    const used = new Set();
    let after = null;
    for (const row of matching.slice(0, shown)) {
      const { metadata } = row.object;
      const key = metadata.uid ?? `${metadata.namespace}/${metadata.name}`;
      used.add(key);
      let view = kept.get(key);
      if (!view) kept.set(key, (view = makeRow(row, columns)));
      columns.forEach((column, i) => {
        const text = isAge(column) && metadata.creationTimestamp ? ageOf(metadata.creationTimestamp, now) : cellText(row.cells[column.index]);
        const inner = view.cells[i].firstChild;
        if (inner.textContent === text) return;
        setText(inner, text);
        if (inner.localName === 'a') return;
        const tone = toneOf(column.name, text);
        inner.className = tone ? `state ${tone}` : text.length > longText ? 'text' : '';
      });
      const next = after ? after.nextSibling : body.firstChild;
      if (next !== view.element) body.insertBefore(view.element, next);
      after = view.element;
    }
    for (const [key, view] of kept) if (!used.has(key)) { view.element.remove(); kept.delete(key); }
    table.hidden = matching.length === 0;
    const more = matching.length - shown;
    const none = rows.size === 0 ? (empty ?? `No ${resource.plural}${namespace ? ` in namespace ${namespace}` : ''}.`) : 'Nothing matches the filter.';
    fill(message, matching.length === 0 ? none : more > 0 ? button(`Show ${Math.min(more, page)} more of ${matching.length}`, () => { shown += page; draw(); }) : '');
    message.hidden = matching.length > 0 && more <= 0;
    onChange(rows, matching.length);
  }
  function changed() {
    loaded = true;
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  }
  let problem;
  void followTable(pathOf(resource, namespace), {
    query: { ...query, includeObject: 'Metadata' }, rows, changed, signal,
    state(state) {
      problem?.remove();
      problem = state === 'live' ? undefined : failure(state);
      if (problem) root.prepend(problem);
      if (problem && !loaded) message.hidden = true;
      else if (loaded) changed();
    },
  });
  const timer = setInterval(() => { if (!document.hidden) draw(); }, ageMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return { element: root, redraw: draw };
}
