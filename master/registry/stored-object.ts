// An object as the store has it: bytes that are serialised once, from which the JSON of answers is cut, and the decoded,
// frozen value for whoever needs fields. Stored bytes carry no resourceVersion: it is known only after the commit.
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { deepFreeze, goJson } from '../../src/util/json.ts';
import type { Entry } from '../storage/store.ts';
import { handedOn, noteFinal } from './written.ts';

/** The stored form: kind, apiVersion and metadata first, no resourceVersion. */
export function encodeStored(object: ApiObject): Uint8Array {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _revision, ...meta } = metadata;
  const text = goJson({ kind, apiVersion, metadata: meta, ...rest });
  // A slice of Buffer's pool would pin 8 KB for as long as the object lives.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

const metadataMember = '"metadata":{';
const openBrace = 0x7b;

export class StoredObject {
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array;
  /** Kept only while someone (an informer, an answer under way) holds it. */
  #object: WeakRef<ApiObject> | undefined;
  /** Where the members of the metadata begin, which is where the resourceVersion goes; 0 while nobody has looked. */
  #metadataAt = 0;

  constructor(entry: Entry) {
    this.key = entry.key;
    this.revision = entry.revision;
    this.value = entry.value;
    const object = handedOn(entry.value, entry.revision);
    if (object) this.#object = new WeakRef(object);
  }

  get size(): number { return this.value.byteLength; }
  /** The decoded, deeply frozen object with its resourceVersion. */
  get object(): ApiObject {
    let object = this.#object?.deref();
    if (!object) this.#object = new WeakRef((object = this.#decode()));
    return object;
  }
  /** The same for who keeps nothing of it but a part: whatever a turn of the event loop remembers stays until that ends. */
  get passing(): ApiObject { return this.#object?.deref() ?? this.#decode(); }
  #decode(): ApiObject {
    const object = JSON.parse(Buffer.from(this.value.buffer, this.value.byteOffset, this.value.byteLength).toString()) as ApiObject;
    object.metadata.resourceVersion = String(this.revision);
    return noteFinal(this.value, deepFreeze(object));
  }

  /** The JSON of the whole object. */
  json(): Buffer {
    const bytes = Buffer.allocUnsafe(this.jsonSize);
    this.writeJson(bytes, 0);
    return bytes;
  }
  get jsonSize(): number { return this.value.byteLength + this.#revisionMember.length; }
  /** Writes the JSON at `at`; the result is where it ends. */
  writeJson(target: Buffer, at: number): number { return this.#write(target, at, 0); }
  /** The same as a list item: without kind and apiVersion. */
  get itemSize(): number { return this.jsonSize - this.#cut() + metadataMember.length + 1; }
  writeItem(target: Buffer, at: number): number {
    target[at] = openBrace;
    return this.#write(target, at + 1, this.#cut() - metadataMember.length);
  }

  get #revisionMember(): string { return `"resourceVersion":"${this.revision}",`; }
  #write(target: Buffer, at: number, from: number): number {
    const cut = this.#cut();
    const revision = this.#revisionMember;
    let end = at;
    target.set(this.value.subarray(from, cut), end);
    end += cut - from;
    end += target.write(revision, end, 'latin1');
    target.set(this.value.subarray(cut), end);
    return end + this.value.byteLength - cut;
  }
  #cut(): number {
    // The head is short and fixed by encodeStored: `{"kind":…,"apiVersion":…,"metadata":{`.
    if (this.#metadataAt === 0) this.#metadataAt = Buffer.from(this.value.buffer, this.value.byteOffset, Math.min(this.value.byteLength, 256)).indexOf(metadataMember) + metadataMember.length;
    return this.#metadataAt;
  }
}

/** Where the objects of a resource are stored. */
export function prefixOf(resource: ResourceDefinition): string {
  const { group, plural } = resource.storedAs ?? resource;
  return `/registry/${group || 'core'}/${plural}/`;
}

/** Where upstream's storage has the objects of a resource, which some errors show. (upstream: pkg/kubeapiserver/default_storage_factory_builder.go) */
export function keyPrefixAsUpstream({ group, plural, custom }: ResourceDefinition): string {
  const named = group === '' || group === 'networking.k8s.io' ? upstreamNames[plural] : undefined;
  // Its extension servers put the group before.
  const grouped = custom || group === 'apiextensions.k8s.io' || group === 'apiregistration.k8s.io';
  return `/registry/${grouped ? `${group}/` : ''}${named ?? plural}`;
}
const upstreamNames: Readonly<Record<string, string>> = { endpoints: 'services/endpoints', ingresses: 'ingress', nodes: 'minions', replicationcontrollers: 'controllers', services: 'services/specs' };
