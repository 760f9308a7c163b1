// Where a token is pasted. It goes nowhere but into requests to this server.
import { failure, h } from './dom.js';

export function signInPage(reason, signIn) {
  const input = h('textarea', { 'id': 'token', 'rows': '5', 'required': true, 'autocomplete': 'off', 'autocapitalize': 'off', 'spellcheck': 'false', 'aria-describedby': 'how' });
  const submit = (event) => {
    event.preventDefault();
    const value = input.value.replace(/\s+/g, '').replace(/^.*#token=/, '');
    if (value) signIn(value);
  };
  return h('main', { class: 'alone' },
    h('div', { class: 'card' },
      h('div', { class: 'brand large' }, h('img', { src: 'icon.svg', alt: '', width: '40', height: '40' }), h('h1', {}, 'Dray')),
      reason && failure({ reason: 'Signed out', message: reason }),
      h('form', { onsubmit: submit }, h('label', { for: 'token' }, 'Bearer token'), input, h('button', { type: 'submit', class: 'primary wide' }, 'Sign in')),
      h('div', { id: 'how', class: 'quiet' },
        h('p', {}, 'On the master’s host, this prints an address that signs in by itself, as administrator for an hour:'), h('pre', {}, 'dray ui'),
        h('p', {}, 'With kubectl, for any ServiceAccount and its rights:'), h('pre', {}, 'kubectl create token NAME'))));
}
