// A command in a container, line by line: input goes line-wise to its stdin, output comes as text. (upstream: WebSocket v5.channel.k8s.io)
import { pathOf } from './discovery.js';
import { button, failure, fill, h } from './dom.js';
import { containersOf } from './log-view.js';
import { token } from './session.js';

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 };
const most = 2000;

/** A browser can show a token nowhere else in a WebSocket's request. */
const tokenProtocol = () => `base64url.bearer.authorization.k8s.io.${btoa(token()).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`;

export function terminalView({ object, resource, signal }) {
  const container = h('select', { 'aria-label': 'Container' }, containersOf(object).map((name) => h('option', { value: name }, name)));
  const command = h('input', { 'type': 'text', 'value': '/bin/sh', 'aria-label': 'Command', 'spellcheck': 'false', 'autocapitalize': 'off' });
  const output = h('pre', { 'class': 'log wrap', 'tabindex': '0', 'role': 'log', 'aria-label': 'Output' });
  const input = h('input', { 'class': 'code', 'type': 'text', 'aria-label': 'Input', 'placeholder': 'Input, sent with Enter', 'spellcheck': 'false', 'autocapitalize': 'off', 'autocomplete': 'off', 'disabled': true });
  const state = h('div');
  const start = button('Run', () => run(), { class: 'primary' });
  const stop = button('Stop', () => socket?.close(), { hidden: true });
  const finish = button('End input', () => socket?.send(new Uint8Array([channels.close, channels.stdin])), { hidden: true });
  let socket;
  signal.addEventListener('abort', () => socket?.close());

  function show(text, kind) {
    output.append(h('span', { class: kind }, text));
    while (output.childElementCount > most) output.firstChild.remove();
    output.scrollTop = output.scrollHeight;
  }
  function running(is) {
    start.hidden = is;
    stop.hidden = finish.hidden = !is;
    input.disabled = !is;
    if (is) input.focus();
  }
  function run() {
    output.replaceChildren();
    state.replaceChildren();
    const query = new URLSearchParams({ container: container.value, stdin: 'true', stdout: 'true', stderr: 'true' });
    for (const word of command.value.trim().split(/\s+/)) query.append('command', word);
    const own = socket = new WebSocket(`wss://${location.host}${pathOf(resource, object.metadata.namespace, object.metadata.name, 'exec')}?${query.toString()}`, ['v5.channel.k8s.io', tokenProtocol()]);
    own.binaryType = 'arraybuffer';
    const decoders = { [channels.stdout]: new TextDecoder(), [channels.stderr]: new TextDecoder() };
    let opened = false;
    let told = false;
    own.onopen = () => { opened = true; running(true); };
    own.onmessage = ({ data }) => {
      const bytes = new Uint8Array(data);
      const rest = bytes.subarray(1);
      if (decoders[bytes[0]] && rest.length) show(decoders[bytes[0]].decode(rest, { stream: true }), bytes[0] === channels.stderr ? 'error' : '');
      if (bytes[0] !== channels.error || !rest.length) return;
      told = true;
      const status = JSON.parse(new TextDecoder().decode(rest));
      fill(state, status.status === 'Success' ? h('p', { class: 'ok' }, 'The command ended.') : failure(status));
    };
    own.onclose = () => {
      running(false);
      if (!told && !signal.aborted) fill(state, opened ? h('p', { class: 'quiet' }, 'Disconnected.') : failure({ reason: 'Refused', message: 'The server did not take the connection: the container may not run, or you may not use pods/exec.' }));
    };
  }
  function send(event) {
    event.preventDefault();
    if (socket?.readyState !== WebSocket.OPEN) return;
    const line = new TextEncoder().encode(`${input.value}\n`);
    socket.send(new Uint8Array([channels.stdin, ...line]));
    show(`› ${input.value}\n`, 'typed');
    input.value = '';
  }
  return {
    element: h('div', { class: 'logs' }, h('div', { class: 'buttons' }, container, command, start, finish, stop), output, h('form', { onsubmit: send }, input), state),
    update() {},
  };
}
