// Answers in protobuf: objects, lists, Statuses and watch frames, by what they say they are. Built on demand: JSON is what is kept.
import { listTypeOf, partialObjectMetadataType, statusType } from '../../src/schema/meta-types.ts';
import { encodeProtobuf, encodeWatchFrame } from '../../src/schema/protobuf.ts';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { ObjectType } from '../../src/schema/schema.ts';
import { discoveryTypes, wireForm } from './discovery-types.ts';
import { subresourceKinds } from './kind-types.ts';
import type { WatchItem } from './request.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';

export class ProtobufAnswers {
  readonly #types = new Map<string, ObjectType>([
    ...subresourceKinds, ...discoveryTypes, ['v1/Status', statusType],
    ['meta.k8s.io/v1/PartialObjectMetadata', partialObjectMetadataType], ['meta.k8s.io/v1/PartialObjectMetadataList', listTypeOf(partialObjectMetadataType)],
  ]);
  /** One frame for all watchers of an event. */
  readonly #frames = new WeakMap<object, Map<string, Uint8Array>>();

  constructor(resources: readonly ResourceDefinition[]) {
    for (const { apiVersion, kind, listKind, type, custom } of resources) if (!custom) this.#types.set(`${apiVersion}/${kind}`, type).set(`${apiVersion}/${listKind}`, listTypeOf(type));
  }

  /** Undefined when the kind has no protobuf form. */
  encode(value: unknown): Uint8Array | undefined {
    const { apiVersion = '', kind = '' } = value as { apiVersion?: string; kind?: string };
    const type = this.#types.get(`${apiVersion}/${kind}`);
    return type && encodeProtobuf(type, apiVersion, kind, wireForm(value));
  }

  /** @throws when the object's kind has no protobuf form */
  frame(item: WatchItem): Uint8Array {
    const value = item.value() as object;
    let frames = this.#frames.get(value);
    if (!frames) this.#frames.set(value, (frames = new Map()));
    let frame = frames.get(item.type);
    if (!frame) {
      const object = this.encode(value);
      if (!object) throw new Error('an object of a watch has no protobuf form');
      frames.set(item.type, (frame = encodeWatchFrame(item.type, object)));
    }
    return frame;
  }
}
