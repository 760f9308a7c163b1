// The program of the test image, run by Node inside Pods. One word says what it does; what it sees goes, line by line with the time in
// ms, to standard output and to the file LOG names.
'use strict';
const fs = require('node:fs');
const note = (text) => {
  const line = `${Date.now()} ${text}\n`;
  process.stdout.write(line);
  if (process.env.LOG) fs.appendFileSync(process.env.LOG, line);
};
const has = (path) => fs.existsSync(path);

/** Answers `/status?code=N`, `/needs?header=NAME`, `/exit?code=N`, `/memory?mb=N`, and 200 to all else; 500 while there is a file /tmp/unhealthy. */
function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://pod');
  note(`${request.socket.encrypted ? 'https' : 'http'} ${request.method} ${request.url} host=${request.headers.host} agent=${request.headers['user-agent']}`);
  const number = (name) => Number(searchParams.get(name) ?? 0);
  let code = has('/tmp/unhealthy') ? 500 : 200;
  if (pathname === '/status') code = number('code');
  if (pathname === '/needs') code = request.headers[searchParams.get('header')] ? 200 : 400;
  if (pathname === '/memory') hold(number('mb'));
  response.writeHead(code);
  response.end(`${code}\n`);
  if (pathname === '/exit') process.exit(number('code'));
}

/** grpc.health.v1.Health/Check: the service named `down` does not serve, `unknown` is not known. */
function health(stream, headers) {
  const chunks = [];
  stream.on('error', () => undefined);
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => {
    const message = Buffer.concat(chunks).subarray(5);
    const service = message.length > 2 ? message.subarray(2, 2 + message[1]).toString() : '';
    note(`grpc ${headers[':path']} service=${service} agent=${headers['user-agent']}`);
    const known = headers[':path'] === '/grpc.health.v1.Health/Check' && service !== 'unknown';
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(known ? { 'grpc-status': '0' } : { 'grpc-status': '5', 'grpc-message': 'unknown service' }));
    if (known) stream.end(Buffer.from([0, 0, 0, 0, 2, 8, service === 'down' || has('/tmp/unhealthy') ? 2 : 1]));
    else stream.end();
  });
}

const held = [];
/** Takes so many MB for good, written so that the kernel has to give them. */
function hold(mb) {
  for (let i = 0; i < mb; i++) held.push(Buffer.alloc(2 ** 20, 1));
  note(`holds ${held.length} MB`);
}

/** Notes each signal; ends by those that ask for it, with 128 and their number as an exit code, unless `stubborn`. */
function heed(stubborn) {
  for (const [signal, number] of [['SIGTERM', 15], ['SIGINT', 2], ['SIGQUIT', 3], ['SIGHUP', 1], ['SIGUSR1', 10]]) {
    process.on(signal, () => {
      note(`signal ${signal}`);
      if (!stubborn && number !== 1 && number !== 10) process.exit(128 + number);
    });
  }
}

const roles = {
  serve() {
    require('node:http').createServer(answer).listen(8080, () => note('ready http'));
    require('node:https').createServer({ key: fs.readFileSync('/test/key.pem'), cert: fs.readFileSync('/test/cert.pem') }, answer).listen(8443);
    require('node:http2').createServer().on('stream', health).listen(9090);
    const socket = require('node:dgram').createSocket('udp4').on('message', (text, from) => socket.send(`${process.env.HOSTNAME} ${String(text)}`, from.port, from.address));
    socket.bind(5300);
    heed(false);
  },
  /** Does nothing but note signals. */
  wait() { heed(false); setInterval(() => undefined, 1 << 30); },
  /** Ends by no signal it can hear. */
  stubborn() { heed(true); setInterval(() => undefined, 1 << 30); },
  memory(mb) { hold(Number(mb)); roles.wait(); },
  /** Writes a file of so many MB, and its SHA-256 to standard output. */
  file(path, mb) {
    const hash = require('node:crypto').createHash('sha256');
    const out = fs.openSync(path, 'w');
    for (let i = 0; i < Number(mb); i++) {
      const part = require('node:crypto').randomBytes(2 ** 20);
      hash.update(part);
      fs.writeSync(out, part);
    }
    process.stdout.write(`${hash.digest('hex')}\n`);
  },
};

const [role = 'serve', ...rest] = process.argv.slice(2);
note(`${role} begins`);
roles[role](...rest);
