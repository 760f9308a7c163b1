// JSON patch: RFC 6902 as the library of upstream's API server reads it, which is more lenient here and there. What is replaced need
// not be there, what has no value is null, and indices may count from the end. (upstream: gopkg.in/evanphx/json-patch.v4 v4.12)
import { jsonKind } from '../apimachinery/go-text.ts';
import { cloneJson, equalJson, isDeeperThan, maxJsonDepth } from '../util/json.ts';
import { isObject, ownMember, PatchError, setMember, type JsonObject } from './patch.ts';
import type { JsonValue } from './schema.ts';

type Container = JsonObject | JsonValue[];
interface Place { readonly container: Container; readonly key: string }
interface Operation { readonly op?: JsonValue; readonly path?: JsonValue; readonly from?: JsonValue; readonly value?: JsonValue }

const maxOperations = 10_000;
/** Copies of copies double with every operation. (upstream: AccumulatedCopySizeLimit as apiserver/pkg/server/config.go sets it) */
const maxCopiedBytes = 3 * 1024 * 1024;

/** On a copy of `target`. @throws PatchError */
export function jsonPatch(target: JsonValue, patch: JsonValue): JsonValue {
  const operations = operationsOf(patch);
  if (operations.length > maxOperations) throw new PatchError(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`, 413);
  const document = new Document(cloneJson(target));
  try {
    for (const operation of operations) document.apply(operation);
  } catch (error) {
    // Copies into copies and moves into what was moved are nested deeper than the stack is.
    if (error instanceof RangeError) return tooDeep();
    throw error;
  }
  return isDeeperThan(document.value, maxJsonDepth) ? tooDeep() : document.value;
}
const tooDeep = (): never => fail('exceeded max depth');

function operationsOf(patch: JsonValue): Operation[] {
  if (patch === null) return [];
  const refuse = (value: JsonValue, type: string): never => { throw new PatchError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type jsonpatch.${type}`, 400); };
  if (!Array.isArray(patch)) return refuse(patch, 'Patch');
  return patch.map((operation) => (operation === null ? {} : isObject(operation) ? (cloneJson(operation) as Operation) : refuse(operation, 'Operation')));
}

const members: Readonly<Record<string, boolean>> = { op: true, path: true, from: true, value: false };

/**
 * What strict decoding finds before anything is applied: members that no operation has. Text is expected of all but the value.
 * @throws PatchError 400
 */
export function unknownMembers(patch: JsonValue): string[] {
  const refuse = (why: string): never => { throw new PatchError(`error decoding patch: json: cannot unmarshal ${why}`, 400); };
  if (patch === null) return [];
  if (!Array.isArray(patch)) return refuse(`${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`);
  return patch.flatMap((operation, i) => {
    if (operation === null) return [];
    if (!isObject(operation)) return refuse(`${jsonKind(operation)} into Go value of type handlers.jsonPatchOp`);
    for (const [name, value] of Object.entries(operation)) {
      if (Object.hasOwn(members, name) && members[name] && value !== null && typeof value !== 'string') refuse(`${jsonKind(value)} into Go struct field jsonPatchOp.${name} of type string`);
    }
    return Object.keys(operation).filter((name) => !Object.hasOwn(members, name)).map((name) => `[${i}].${name}`);
  });
}

class Document {
  #copied = 0;
  value: JsonValue;
  constructor(value: JsonValue) { this.value = value; }

  apply({ op, path, from, value = null }: Operation): void {
    const pointer = (text: JsonValue | undefined, name: string): string => (typeof text === 'string' ? text : fail(`${String(op)} operation: missing ${name} field: missing value`));
    switch (op) {
      case 'add': return add(this.#place(pointer(path, 'path')), value);
      case 'remove': return remove(this.#place(pointer(path, 'path')));
      case 'replace': return this.#replace(pointer(path, 'path'), value);
      case 'test': return this.#test(pointer(path, 'path'), value);
      case 'move': {
        const source = this.#place(pointer(from, 'from'));
        const moved = get(source) ?? null;
        remove(source);
        return add(this.#place(pointer(path, 'path')), moved);
      }
      case 'copy': return this.#copy(get(this.#place(pointer(from, 'from'))) ?? null, pointer(path, 'path'));
      default: return fail(`Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`);
    }
  }

  /** Where a pointer leads, whether or not something is there. */
  #place(pointer: string): Place {
    const [, ...names] = pointer.split('/');
    const key = names.pop();
    let at: JsonValue | undefined = this.value;
    if (key === undefined) return missing(pointer);
    for (const name of names) at = isContainer(at) ? look({ container: at, key: unescaped(name) }) : undefined;
    return isContainer(at) ? { container: at, key: unescaped(key) } : missing(pointer);
  }

  #replace(pointer: string, value: JsonValue): void {
    // Other values for the whole are passed over.
    if (pointer === '') this.value = isContainer(value) ? value : this.value;
    else set(this.#place(pointer), value);
  }

  #test(pointer: string, value: JsonValue): void {
    const found = pointer === '' ? this.value : get(this.#place(pointer));
    if (!equalJson(found ?? null, value)) fail(`testing value ${pointer} failed: test failed`);
  }

  #copy(value: JsonValue, pointer: string): void {
    this.#copied += JSON.stringify(value).length;
    if (this.#copied > maxCopiedBytes) fail(`Unable to complete the copy, the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${maxCopiedBytes}`);
    add(this.#place(pointer), cloneJson(value));
  }
}

const isContainer = (value: JsonValue | undefined): value is Container => typeof value === 'object' && value !== null;
const unescaped = (name: string): string => name.replaceAll('~1', '/').replaceAll('~0', '~');
function fail(why: string): never { throw new PatchError(why); }
const missing = (pointer: string): never => fail(`operation does not apply: doc is missing path: ${pointer}: missing value`);

/** A place in a list of `length` items; undefined when there is none of that number. */
function indexIn(length: number, key: string): number | undefined {
  if (!/^[+-]?\d+$/.test(key)) return undefined;
  const index = Number(key) < 0 ? Number(key) + length : Number(key);
  return index >= 0 && index < length ? index : undefined;
}
const indexOf = (length: number, key: string): number => indexIn(length, key) ?? fail(`Unable to access invalid index: ${key}: invalid index referenced`);

function look({ container, key }: Place): JsonValue | undefined {
  if (!Array.isArray(container)) return ownMember(container, key);
  const index = indexIn(container.length, key);
  return index === undefined ? undefined : container[index];
}

/** Undefined for a member that is not there. */
const get = ({ container, key }: Place): JsonValue | undefined => (Array.isArray(container) ? container[indexOf(container.length, key)] : ownMember(container, key));

function set({ container, key }: Place, value: JsonValue): void {
  if (Array.isArray(container)) container[indexOf(container.length, key)] = value;
  else setMember(container, key, value);
}

function add({ container, key }: Place, value: JsonValue): void {
  if (!Array.isArray(container)) setMember(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(indexOf(container.length + 1, key), 0, value);
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) container.splice(indexOf(container.length, key), 1);
  else if (!Object.hasOwn(container, key) || !delete container[key]) fail(`Unable to remove nonexistent key: ${key}: missing value`);
}
