// From a request's body to an object a registry may own: decoded, judged for kind, unknown and duplicate fields.
// (upstream: apiserver endpoints/handlers/create.go, rest.go)
import { goJsonFault } from '../../../src/apimachinery/go-json.ts';
import { jsonKind } from '../../../src/apimachinery/go-text.ts';
import { invalid } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { decode, DecodeError, maxUnknown, type DecodeReport } from '../../../src/schema/decode.ts';
import { decodeProtobuf } from '../../../src/schema/protobuf.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import type { RequestContext } from '../../registry/request-context.ts';
import { bodyType, parseJson, type ParsedBody } from '../negotiation.ts';
import type { AdmittedRequest } from '../request.ts';
import { readYaml } from '../yaml-reader.ts';

export type RawBody = ParsedBody;

/** The body as a JSON value, whatever form it came in; `kind` names what is expected, for errors; `custom` kinds have no protobuf form. */
export async function readBody(request: Pick<AdmittedRequest, 'body' | 'headers'>, kind: string, resourceOf: (apiVersion: string, kind: string) => ResourceDefinition['type'] | undefined, custom = false): Promise<RawBody> {
  const body = await request.body();
  if ('value' in body) return { value: body.value, duplicates: [] };
  const type = bodyType(request.headers['content-type']);
  const bytes = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength);
  if (type === 'protobuf' && custom) throw errors.unsupportedMediaType(['application/json', 'application/yaml']);
  if (type === 'protobuf') {
    try {
      return { value: decodeProtobuf(bytes, resourceOf), duplicates: [] };
    } catch (error) {
      throw errors.badRequest(`the object provided is unrecognized (must be of type ${kind}): ${(error as Error).message}`);
    }
  }
  const text = bytes.toString();
  try {
    const parsed = type === 'yaml' ? await readYaml(text) : parseJson(text);
    // To Go nothing is an object without fields.
    if (parsed.value === null) return { value: {}, duplicates: [] };
    if (typeof parsed.value === 'object' && !Array.isArray(parsed.value)) return parsed;
    throw new SyntaxError(`json: cannot unmarshal ${jsonKind(parsed.value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = type === 'yaml' ? error.message : goJsonError(error.message, text);
    throw errors.badRequest(`the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${excerpt(bytes)})`);
  }
}

/** The start of the input, as upstream shows it: text when printable, hex otherwise. */
function excerpt(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  const head = bytes.subarray(0, 30);
  const text = head.toString('latin1');
  return bytes.length > 30 ? `${/^[\x20-\x7e]*$/.test(text) && text.startsWith('{') ? text : head.toString('hex')} ...` : text.startsWith('{') ? text : head.toString('hex');
}

/** What Go's parser says where ours refused `text` with `message`. */
export function goJsonError(message: string, text: string): string {
  if (message.startsWith('json: ') || message === 'exceeded max depth') return message;
  return goJsonFault(text) ?? message;
}

/** Decodes into the canonical form; unknown and duplicate fields are refused, warned of or ignored as the client asked. */
export function decodeObject(resource: Pick<ResourceDefinition, 'type' | 'kind' | 'apiVersion' | 'version'> & Partial<Pick<ResourceDefinition, 'group' | 'custom'>>, raw: RawBody, context: RequestContext): ApiObject {
  const value = raw.value as { kind?: unknown; apiVersion?: unknown };
  const kind = typeof value.kind === 'string' && value.kind ? value.kind : resource.kind;
  const apiVersion = typeof value.apiVersion === 'string' && value.apiVersion ? value.apiVersion : resource.apiVersion;
  // Objects without a type of their own are judged like the rest of them.
  if (resource.custom && kind !== resource.kind && apiVersion === resource.apiVersion) throw errors.invalid(resource.group ?? '', resource.kind, nameIn(raw.value), [invalid('kind', kind, `must be ${resource.kind}`)]);
  if (kind !== resource.kind || apiVersion !== resource.apiVersion) {
    throw errors.badRequest(kind !== resource.kind
      ? `${kind} in version "${apiVersion.split('/').at(-1)}" cannot be handled as a ${resource.kind}: converting (${goKind(kind, apiVersion)}) to (${goKind(resource.kind, resource.apiVersion)}): unknown conversion`
      : `the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`);
  }
  const refuse = (why: string): never => { throw errors.badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`); };
  return decodeReporting(resource, raw, context, { malformed: refuse, strict: refuse });
}

/** How faults of decoding are answered; `also` are further faults of strictness, told as they are; `sorted`: unknown fields by name, not as they stand; `isFinal` as in a DecodeReport. */
interface DecodeFaults { malformed(why: string): never; strict(why: string): never; readonly also?: readonly string[]; readonly sorted?: boolean; readonly isFinal?: DecodeReport['isFinal'] }

export function decodeReporting(resource: Pick<ResourceDefinition, 'type' | 'kind' | 'apiVersion'>, raw: RawBody, context: RequestContext, answer: DecodeFaults): ApiObject {
  const report: DecodeReport = { unknown: [], ...(answer.isFinal ? { isFinal: answer.isFinal } : {}) };
  let object: ApiObject;
  try {
    object = decode(resource.type, raw.value, report) as ApiObject;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return answer.malformed(error.message);
  }
  if (answer.sorted) report.unknown.sort();
  const unknown = report.unknown.map((path) => `unknown field "${path}"`);
  // Of YAML its own reader tells what stands twice, in one text; warnings are told one by one.
  const { repeats = [] } = raw;
  const faults = [...(answer.also ?? []), ...unknown, ...(repeats.length ? [] : raw.duplicates).map((path) => `duplicate field "${path}"`)].slice(0, maxUnknown);
  const twice = repeats.length ? [`yaml: unmarshal errors:\n  ${repeats.join('\n  ')}`] : [];
  if (twice.length + faults.length && context.fieldValidation === 'Strict') return answer.strict(`strict decoding error: ${[...twice, ...faults].join(', ')}`);
  if (context.fieldValidation === 'Warn') context.warnings.push(...repeats, ...faults);
  object.kind = resource.kind;
  object.apiVersion = resource.apiVersion;
  return object;
}

function nameIn(value: unknown): string {
  const name = (value as { metadata?: { name?: unknown } | null }).metadata?.name;
  return typeof name === 'string' ? name : '';
}

/** `v1.Pod`: upstream names packages by version or, internally, by group. */
const goKind = (kind: string, apiVersion: string): string => `${apiVersion.split('/').at(-1)}.${kind}`;
