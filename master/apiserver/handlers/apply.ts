// Server-side apply: PATCH with a configuration, which creates the object or merges into it by who owns what.
// (upstream: apiserver endpoints/handlers/patch.go, applyPatcher)
import { jsonKind } from '../../../src/apimachinery/go-text.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { RequestContext } from '../../registry/request-context.ts';
import { parseJson, type ParsedBody } from '../negotiation.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { readYaml } from '../yaml-reader.ts';
import { answerObject, checkPlace, type ResourceHandlerContext } from './objects.ts';
import { isTrue } from './options.ts';
import type { ParsedPatch } from './patch.ts';

export async function apply(request: AdmittedRequest, context: ResourceHandlerContext, configuration: ParsedPatch, write: RequestContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const { subresource } = info;
  checkConfiguration(configuration, write);
  const force = isTrue(request.query.get('force'));
  const named = (configuration.value as { metadata?: { resourceVersion?: unknown } | null } | null)?.metadata?.resourceVersion;
  const { stored, created } = await store.update(info.namespace || undefined, info.name, (old) => {
    const object = store.apply(old, configuration.value, force, subresource, write);
    const { uid } = object.metadata;
    if (uid && !old) throw errors.conflict(store.groupResource, info.name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
    checkPlace(object, info, store.resource.namespaced);
    // The revision is a lock only when the configuration names it.
    if (!named) delete (object.metadata as { resourceVersion?: string }).resourceVersion;
    return object;
  }, { subresource, allowCreate: subresource === '', applied: true }, write);
  return answerObject(request, stored, created ? 201 : 200, context);
}

/** Most clients send JSON, which is YAML too, and much faster to read. @throws SyntaxError; StatusError 413 */
export async function readConfiguration(text: string): Promise<ParsedBody> {
  if (text.startsWith('{')) {
    try {
      return parseJson(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return readYaml(text);
}

/** What is no configuration at all, and keys that stand twice. @throws StatusError */
export function checkConfiguration({ value, duplicates }: ParsedPatch, write: RequestContext): void {
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    throw errors.badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonKind(value)} into Go value of type map[string]interface {}`);
  }
  if (!duplicates.length || write.fieldValidation === 'Ignore') return;
  const why = `error converting YAML to JSON: yaml: unmarshal errors: ${duplicates.map((path) => `key ${JSON.stringify(path.split('.').at(-1))} already set in map`).join(', ')}`;
  if (write.fieldValidation === 'Strict') throw errors.badRequest(`error strict decoding YAML: ${why}`);
  write.warnings.push(why);
}
