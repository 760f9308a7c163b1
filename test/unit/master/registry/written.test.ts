// Objects that are handed on while they are written, and what is known of their parts.
import { encodeStored, StoredObject } from '../../../../master/registry/stored-object.ts';
import { handOn, isFinal, noteWhole } from '../../../../master/registry/written.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';

const object = (more: object = {}): ApiObject => ({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', resourceVersion: '3', uid: 'u' }, spec: { nodeName: 'n' }, ...more }) as unknown as ApiObject;
const storedAt = (value: Uint8Array, revision: number): StoredObject => new StoredObject({ key: '/registry/core/pods/default/a', value, revision, created: 1 });

describe('an object that is being written', () => {
  it('is what readers of its bytes get, at its new revision', () => {
    const written = object();
    const value = encodeStored(written);
    const over = handOn(value, written);
    const handed = storedAt(value, 7).object;
    over();
    const parsed = storedAt(value, 7).object;
    expect(handed).toStrictEqual(parsed);
    expect(JSON.stringify(handed)).toBe(JSON.stringify(parsed));
    expect([handed['spec'] === written['spec'], parsed['spec'] === written['spec']]).toEqual([true, false]);
    expect([handed, handed.metadata, handed['spec']].every(Object.isFrozen)).toBe(true);
  });
  it('is read from its bytes where JSON leaves something of it out', () => {
    const written = object({ status: { reason: undefined } });
    const value = encodeStored(written);
    handOn(value, written);
    expect(storedAt(value, 7).object['status']).toStrictEqual({});
  });
});

describe('parts in their final form', () => {
  it.each([['handed on', true], ['read from bytes', false]])('are those of objects that have all defaults, %s', (_how, handed) => {
    const written = object({ status: { phase: 'Running' } });
    const value = encodeStored(written);
    noteWhole(value);
    if (handed) handOn(value, written);
    const { metadata, spec, status } = storedAt(value, 7).object as ApiObject & { spec: object; status: object };
    expect([spec, status, metadata].map(isFinal)).toEqual([true, true, false]);
  });
  it('are of no other objects', () => {
    expect([isFinal(storedAt(encodeStored(object()), 7).object['spec']), isFinal('text'), isFinal(null), isFinal(undefined)]).toEqual([false, false, false, false]);
  });
});
