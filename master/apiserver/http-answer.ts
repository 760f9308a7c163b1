// Answers as bytes on an HTTP response: one document, or a stream; watches are sent by `watch-answer.ts`.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { goJson } from '../../src/util/json.ts';
import { turnsEnd } from '../../src/util/turn.ts';
import type { Outcome } from './api-server.ts';
import { PieceBuffers } from './piece-buffers.ts';
import { protobufType, type ProtobufAnswers } from './protobuf.ts';
import { drained, type Reader } from './reader.ts';
import type { JsonLine } from './request.ts';
import { sendWatch } from './watch-answer.ts';
import { toYaml } from './yaml.ts';

const compress = promisify(gzip);
/** Of all answers. */
const pieceBuffers = new PieceBuffers();

/** Answers from this size on are compressed for who can read it. */
const gzipFrom = 128 * 1024;

const maxWarnings = 4 * 1024;
const maxWarning = 256;
/** As they are, as far as headers have room: else the start of each. (upstream: apiserver endpoints/filters/warning.go) */
export function shortened(warnings: readonly string[]): readonly string[] {
  if (warnings.reduce((sum, warning) => sum + warning.length, 0) <= maxWarnings) return warnings;
  const kept: string[] = [];
  let written = 0;
  for (const warning of warnings) {
    if (written >= maxWarnings) break;
    const text = warning.length > maxWarning ? warning.slice(0, maxWarning) : warning;
    kept.push(text);
    written += text.length;
  }
  return kept;
}

/** What every answer says, unless it says otherwise. A client may name its request itself. (upstream: apiserver endpoints/filters audit_init.go, cachecontrol.go) */
export function headersOfAll({ headers }: Pick<IncomingMessage, 'headers'>): Record<string, string> {
  return { 'audit-id': String(headers['audit-id'] || randomUUID()), 'cache-control': 'no-cache, private' };
}

export async function send(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse, { answer, headers: told, warnings, media }: Outcome, protobuf: ProtobufAnswers, reader: Reader): Promise<void> {
  const out = response as ServerResponse;
  for (const warning of shortened(warnings)) out.appendHeader('warning', `299 - "${warning.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replace(/[^\x20-\x7e]/g, '?')}"`);
  const common = { ...headersOfAll(request), ...told };
  if (answer.kind === 'watch') return sendWatch(out, answer.items, media.type === 'protobuf' ? protobuf : undefined, reader, common);
  if (answer.kind === 'raw') {
    const sized = answer.body instanceof Uint8Array && answer.status !== 304 ? { 'content-length': String(answer.body.byteLength) } : {};
    out.writeHead(answer.status, { ...common, ...sized, ...answer.headers });
    if (answer.body instanceof Uint8Array) {
      out.end(answer.body);
      return;
    }
    // Headers go out before the first byte: a log that is followed may stay silent for long.
    out.flushHeaders();
    for await (const chunk of answer.body) if (!out.write(chunk)) await drained(out, reader.presence.signal);
    out.end();
    return;
  }
  const encoded = media.type === 'protobuf' ? protobuf.encode(answer.value()) : undefined;
  const type = encoded ? protobufType : media.type === 'yaml' ? 'application/yaml' : 'application/json';
  const headers: Record<string, string> = { ...common, 'content-type': type, ...answer.headers };
  let line: JsonLine | undefined;
  let bytes: Buffer | undefined;
  if (encoded) bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  else if (media.type === 'yaml') bytes = Buffer.from(toYaml(answer.value()));
  else if (media.pretty || isPretty(request)) bytes = Buffer.from(goJson(answer.value(), 2));
  else if (answer.json) line = answer.json();
  else bytes = Buffer.from(`${goJson(answer.value())}\n`);
  if ((line?.size ?? bytes!.byteLength) >= gzipFrom && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    bytes = await compress(bytes ?? Buffer.concat([...line!.pieces()]), { level: 1 });
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
  }
  headers['content-length'] = String(bytes?.byteLength ?? line!.size);
  out.writeHead(answer.status, headers);
  if (line && request.method !== 'HEAD' && !bytes) return sendPieces(out, line, reader);
  await turnsEnd();
  if (request.method === 'HEAD') out.end();
  else out.end(bytes);
}

/** The last piece goes with the end: what is one piece is one write. */
async function sendPieces(out: ServerResponse, line: JsonLine, { presence }: Reader): Promise<void> {
  let last: Buffer | undefined;
  for (const piece of line.pieces(pieceBuffers.take)) {
    if (last && !out.write(last, pieceBuffers.backAfterWrite(last))) await drained(out, presence.signal);
    if (presence.gone) return;
    last = piece;
  }
  await turnsEnd();
  out.end(last, last && pieceBuffers.backAfterWrite(last));
}

const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
function isPretty(request: IncomingMessage | Http2ServerRequest): boolean {
  const url = request.url ?? '';
  const pretty = url.includes('pretty') ? new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('pretty') : null;
  if (pretty) return truths.has(pretty);
  // A person reads it.
  return /^(curl|Wget|Mozilla\/5\.0)/.test(String(request.headers['user-agent'] ?? ''));
}
