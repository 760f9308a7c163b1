// An object as the store has it: bytes that are serialised once, from which the JSON of answers is cut, and the decoded,
// frozen value for whoever needs fields. Stored bytes carry no resourceVersion: it is known only after the commit.
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { deepFreeze } from '../../src/util/json.ts';
import type { Entry } from '../storage/store.ts';

/** Where the type meta ends and where the resourceVersion goes. */
interface Cuts { readonly typeEnd: number; readonly metadataStart: number }

/** The stored form: kind, apiVersion and metadata first, no resourceVersion. */
export function encodeStored(object: ApiObject): Uint8Array {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _revision, ...meta } = metadata;
  const text = JSON.stringify({ kind, apiVersion, metadata: meta, ...rest });
  // A slice of Buffer's pool would pin 8 KB for as long as the object lives.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

const openBrace = Buffer.from('{');

export class StoredObject {
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array;
  /** Kept only while someone (an informer, an answer under way) holds it. */
  #object: WeakRef<ApiObject> | undefined;
  #cuts: Cuts | undefined;

  constructor(entry: Entry) {
    this.key = entry.key;
    this.revision = entry.revision;
    this.value = entry.value;
  }

  /** The decoded, deeply frozen object with its resourceVersion. */
  get object(): ApiObject {
    let object = this.#object?.deref();
    if (!object) {
      object = JSON.parse(Buffer.from(this.value.buffer, this.value.byteOffset, this.value.byteLength).toString()) as ApiObject;
      object.metadata.resourceVersion = String(this.revision);
      deepFreeze(object);
      this.#object = new WeakRef(object);
    }
    return object;
  }

  /** JSON parts of the whole object, to be concatenated. */
  json(): Uint8Array[] { return this.#parts(0); }
  /** JSON parts as a list item: without kind and apiVersion. */
  itemJson(): Uint8Array[] {
    const parts = this.#parts(this.#cut().typeEnd);
    return [openBrace, ...parts];
  }
  #parts(from: number): Uint8Array[] {
    const { metadataStart } = this.#cut();
    return [this.value.subarray(from, metadataStart), Buffer.from(`"resourceVersion":"${this.revision}",`), this.value.subarray(metadataStart)];
  }
  #cut(): Cuts {
    if (!this.#cuts) {
      // The head is short and fixed by encodeStored: find the third ':' of `{"kind":…,"apiVersion":…,"metadata":{`.
      const head = Buffer.from(this.value.buffer, this.value.byteOffset, Math.min(this.value.byteLength, 256)).toString('latin1');
      const metadata = head.indexOf('"metadata":{');
      this.#cuts = { typeEnd: metadata, metadataStart: metadata + '"metadata":{'.length };
    }
    return this.#cuts;
  }
}

/** Where the objects of a resource are stored. */
export function prefixOf(resource: ResourceDefinition): string {
  const { group, plural } = resource.storedAs ?? resource;
  return `/registry/${group || 'core'}/${plural}/`;
}
