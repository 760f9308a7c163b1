// A server that answers every request with the same bytes: what TLS, HTTP and the client cost by themselves.
// `echo.js PORT`, with certificates and body as JSON on standard input.
import { createSecureServer } from 'node:http2';

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const { cert, key, ca, body } = JSON.parse(Buffer.concat(chunks).toString()) as { cert: string; key: string; ca: string; body: string };
const bytes = Buffer.from(body, 'base64');
const server = createSecureServer({ allowHTTP1: true, cert, key, ca, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' });
server.on('request', (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(bytes.length) });
  response.end(bytes);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
