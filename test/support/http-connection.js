// HTTP/1.1 over one plain socket, for clients that count: nothing is retried, pooled or repaired behind their backs.
import { connect } from 'node:net';

const beatMs = 250;

/** One connection; `ask` sends one request and resolves with the whole answer: `{ status, body, close }`. */
export class Connection {
  constructor(target, timeoutMs) {
    this.target = target;
    this.timeoutMs = timeoutMs;
    this.chunks = [];
    this.dead = undefined;
    this.waiting = undefined;
    this.socket = connect({ host: target.host, port: target.port, noDelay: true });
    this.socket.on('data', (chunk) => { this.chunks.push(chunk); this.read(); });
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('end', () => this.fail(new Error('closed by the other side')));
    this.socket.on('close', () => this.fail(new Error('closed')));
  }
  fail(error) {
    this.dead ??= error;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(this.chunks.length > 0 ? new Error(`truncated answer (${error.code ?? error.message})`) : this.dead);
  }
  read() {
    if (!this.waiting) {
      this.fail(new Error('bytes nobody asked for'));
      this.socket.destroy();
      return;
    }
    const bytes = Buffer.concat(this.chunks);
    const headEnd = bytes.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const [first, ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n');
    const head = Object.fromEntries(fields.map((f) => [f.slice(0, f.indexOf(':')).toLowerCase(), f.slice(f.indexOf(':') + 1).trim()]));
    const length = Number(head['content-length']);
    if (!Number.isInteger(length)) return this.fail(new Error('an answer without a length'));
    if (bytes.length < headEnd + 4 + length) return;
    this.chunks = [];
    const { waiting } = this;
    this.waiting = undefined;
    if (bytes.length > headEnd + 4 + length) return waiting.reject(new Error('more bytes than the answer has'));
    waiting.resolve({ status: Number(first.split(' ')[1]), body: bytes.toString('utf8', headEnd + 4).trim(), close: /\bclose\b/i.test(head.connection ?? '') });
  }
  ask(text, body) {
    return new Promise((resolve, reject) => {
      if (this.dead) return reject(new Error(`closed while idle: ${this.dead.message}`));
      // Beat by beat: of a time in which this process did not run only one beat counts.
      let waited = 0;
      const timer = setInterval(() => { if ((waited += beatMs) >= this.timeoutMs) this.fail(new Error('timeout')); }, beatMs);
      this.waiting = { resolve: (v) => { clearInterval(timer); resolve(v); }, reject: (e) => { clearInterval(timer); reject(e); } };
      this.socket.write(body ? Buffer.concat([Buffer.from(text), body]) : text);
    });
  }
  close() { this.socket.destroy(); }
}
