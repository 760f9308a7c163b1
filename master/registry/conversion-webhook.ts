// Conversion of custom resources by the webhook of their definition: ConversionReview, and what of an answer is taken.
// upstream: apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go
import { randomUUID } from 'node:crypto';
import type { CustomResourceDefinition } from '../../src/api/apiextensions/custom-resource-definition.ts';
import { jsonKind } from '../../src/apimachinery/go-text.ts';
import * as errors from '../../src/apimachinery/status-error.ts';
import { validateAnnotations, validateLabels } from '../../src/schema/metadata-validation.ts';
import { isObject } from '../../src/schema/patch.ts';
import type { ApiObject, ConvertObjects } from '../../src/schema/resource.ts';
import { cloneJson, equalJson } from '../../src/util/json.ts';
import type { WebhookClient } from './webhook-client.ts';

const timeoutMs = 30_000;
type Version = 'v1' | 'v1beta1';

/** Converts objects of the definition; undefined where no webhook does. */
export function conversionWebhook({ spec: { conversion } }: CustomResourceDefinition, client: WebhookClient): ConvertObjects | undefined {
  const { clientConfig, conversionReviewVersions } = conversion?.strategy === 'Webhook' ? conversion.webhook ?? {} : {};
  if (!clientConfig) return undefined;
  const version = conversionReviewVersions?.find((name): name is Version => name === 'v1' || name === 'v1beta1');
  return async (objects, apiVersion) => {
    const first = objects[0]!;
    const named = `conversion webhook for ${first.apiVersion}, Kind=${first.kind}`;
    if (!version) throw errors.bare('no supported conversion review versions');
    const uid = randomUUID();
    let converted: unknown[];
    try {
      converted = convertedIn(await client.post(clientConfig, JSON.stringify({ kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid, desiredAPIVersion: apiVersion, objects } }), timeoutMs), version, uid);
    } catch (error) {
      throw errors.bare(`${named} failed: ${(error as Error).message}`);
    }
    if (converted.length !== objects.length) throw errors.bare(`${named} returned ${converted.length} objects, expected ${objects.length}`);
    return converted.map((one, i) => taken(objects[i]!, one, apiVersion, (what, why) => { throw errors.bare(`${named} returned invalid ${what}${objects.length > 1 ? ` at index ${i}` : ''}: ${why}`); }));
  };
}

interface Response { readonly uid?: string; readonly convertedObjects?: unknown[] | null; readonly result?: { readonly status?: string; readonly message?: string } }

/** @throws Error where the answer is none, or tells of a failure */
function convertedIn(answer: unknown, version: Version, uid: string): unknown[] {
  if (!isObject(answer)) throw new Error(`json: cannot unmarshal ${jsonKind(answer)} into Go value of type ${version}.ConversionReview`);
  const { kind = '', apiVersion = '' } = answer as { kind?: string; apiVersion?: string };
  const response = answer['response'] as Response | null | undefined;
  // The older version was never judged so strictly.
  if (version === 'v1' && (kind !== 'ConversionReview' || apiVersion !== 'apiextensions.k8s.io/v1')) throw new Error(`expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
  if (!response) throw new Error('no response provided');
  if (version === 'v1' && response.uid !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  const { status = '', message } = response.result ?? {};
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  return response.convertedObjects ?? [];
}

type Refuse = (what: 'object' | 'metadata', why: string) => never;
const group = (apiVersion: unknown): string => (typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion : `/${String(apiVersion ?? '')}`);

/** The converted object with the metadata it had: of that a webhook changes labels and annotations alone. */
function taken(original: ApiObject, converted: unknown, apiVersion: string, refuse: Refuse): ApiObject {
  if (!isObject(converted)) return refuse('object', `json: cannot unmarshal ${jsonKind(converted)} into Go value of type map[string]interface {}`);
  const { apiVersion: version, kind, metadata } = converted as unknown as { apiVersion?: string; kind?: string; metadata?: unknown };
  if (version !== apiVersion) return refuse('object', `invalid groupVersion (expected ${apiVersion}, received ${group(version)})`);
  if (kind !== original.kind) return refuse('object', `invalid kind (expected ${original.kind}, received ${kind ?? ''})`);
  if (metadata === undefined) return refuse('metadata', 'missing metadata in converted object');
  if (!isObject(metadata)) return refuse('metadata', `invalid metadata of type ${jsonKind(metadata)} in converted object`);
  for (const [field, words] of [['name', 'name'], ['namespace', 'namespace'], ['uid', 'UID']] as const) {
    const [was, is] = [original.metadata[field] ?? '', (metadata[field] as string | undefined) ?? ''];
    if (was !== is) return refuse('object', `must have the same ${words}: ${was} != ${is}`);
  }
  const { labels: _labels, annotations: _annotations, ...kept } = cloneJson(original.metadata);
  const fields: Record<string, unknown> = {};
  for (const [field, judge] of [['labels', validateLabels], ['annotations', validateAnnotations]] as const) {
    const given = metadata[field];
    if (given === undefined || given === null) continue;
    if (!isObject(given)) return refuse('metadata', `invalid metadata.${field} of type ${jsonKind(given)} in converted object`);
    const odd = Object.entries(given).find(([, value]) => typeof value !== 'string');
    if (odd) return refuse('metadata', `metadata.${field}[${odd[0]}] must be a string, but is ${jsonKind(odd[1])} in converted object`);
    const faults = equalJson(given, original.metadata[field]) ? [] : judge(given as Record<string, string>, `metadata.${field}`);
    if (faults.length) return refuse('metadata', faults.map((fault) => `${fault.field}: ${fault.message}`).join(', '));
    fields[field] = given;
  }
  return { ...converted, metadata: { ...kept, ...fields } } as unknown as ApiObject;
}
