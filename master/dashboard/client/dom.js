// Elements from data. Text becomes text nodes and nothing else: no answer of the API is ever read as HTML.

/**
 * `h('a', { class: 'x', href: '#/', onclick }, 'text', child)`. A boolean sets or leaves out an attribute; null children are nothing.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children.flat(3)) if (child !== undefined && child !== null && child !== false) parent.append(child instanceof Node ? child : String(child));
}

export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

export const button = (label, onclick, attributes = {}) => h('button', { type: 'button', onclick, ...attributes }, label);

export const field = (label, control) => h('label', { class: 'field' }, h('span', {}, label), control);

/** Writes a text only where it differs, so that a person's selection stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A message that goes by itself; what went wrong stays until it is closed. */
export function notify(text, bad = false) {
  const notice = h('div', { class: `notice ${bad ? 'bad' : ''}` }, h('span', {}, text), button('×', () => notice.remove(), { 'class': 'plain', 'aria-label': 'Close' }));
  document.getElementById('notices').append(notice);
  if (!bad) setTimeout(() => notice.remove(), 5000);
}

/** What a failed request says, as a block: the server's words, and each cause on a line. */
export function failure(error) {
  const causes = error.causes ?? [];
  return h('div', { class: 'failure', role: 'alert' }, h('strong', {}, error.reason ?? 'Error'), h('span', {}, error.message), causes.length > 1 && h('ul', {}, causes.map((c) => h('li', {}, c.field ? `${c.field}: ${c.message}` : c.message))));
}

/**
 * A dialog with a form; `act` runs on confirmation, and what it throws is shown in the dialog. Resolves true when it was done.
 */
export function ask({ title, body, confirm, danger = false, act }) {
  return new Promise((resolve) => {
    let done = false;
    const error = h('div');
    const go = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, confirm);
    const dialog = h('dialog', { 'aria-label': title, 'onclose': () => { dialog.remove(); resolve(done); } },
      h('form', {
        onsubmit: async (event) => {
          event.preventDefault();
          go.disabled = true;
          try {
            await act();
            done = true;
            dialog.close();
          } catch (problem) {
            fill(error, failure(problem));
          } finally {
            go.disabled = false;
          }
        },
      }, h('h2', {}, title), body, error, h('div', { class: 'buttons' }, button('Cancel', () => dialog.close()), go)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
