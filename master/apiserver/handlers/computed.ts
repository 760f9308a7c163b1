// Answers of resources that are not stored: one object when a name was asked for, else a list, in the form the client wants.
import type { ApiObject } from '../../../src/schema/resource.ts';
import { partialMetadata, table } from '../../../src/schema/table.ts';
import { objectAnswer, type AdmittedRequest, type Answer } from '../request.ts';
import { includeObject } from './lists.ts';
import type { ResourceHandlerContext } from './objects.ts';

function withoutKind({ kind: _kind, apiVersion: _version, ...rest }: ApiObject): unknown { return rest; }

export function computedAnswer(request: AdmittedRequest, { media, registry, store: { resource } }: ResourceHandlerContext, objects: readonly ApiObject[]): Answer {
  if (media.as === 'Table') return objectAnswer(table(resource, objects, {}, includeObject(request), registry.clock.now()));
  const form = media.as === '' ? (object: ApiObject): unknown => object : partialMetadata;
  if (request.info.name) return objectAnswer(form(objects[0]!));
  const kind = media.as === '' ? { kind: resource.listKind, apiVersion: resource.apiVersion } : { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' };
  return objectAnswer({ ...kind, metadata: {}, items: objects.map((object) => (media.as === '' ? withoutKind(object) : form(object))) });
}
