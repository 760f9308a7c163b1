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
  checkForm(configuration);
  const force = isTrue(request.query.get('force'));
  const named = (configuration.value as { metadata?: { resourceVersion?: unknown } | null } | null)?.metadata?.resourceVersion;
  const { stored, created } = await store.update(info.namespace || undefined, info.name, (old) => {
    const object = store.apply(old, configuration.value, force, subresource, write);
    checkRepeats(configuration, write);
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
      const parsed = parseJson(text);
      // Only the reader of YAML knows the lines.
      if (!parsed.duplicates.length) return parsed;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return readYaml(text);
}

/** What is no configuration at all. @throws StatusError */
export function checkForm({ value }: ParsedPatch): void {
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    throw errors.badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonKind(value)} into Go value of type map[string]interface {}`);
  }
}

/** Keys that stand twice; looked for once everything else has been found well. @throws StatusError */
export function checkRepeats({ repeats = [] }: ParsedPatch, write: RequestContext): void {
  if (!repeats.length || write.fieldValidation === 'Ignore') return;
  if (write.fieldValidation === 'Strict') throw errors.badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${repeats.join('\n  ')}`);
  write.warnings.push(...repeats);
}
