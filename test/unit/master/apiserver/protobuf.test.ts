// Answers in protobuf, read back by what is in them.
import protobuf from 'protobufjs';
import { ConfigMaps } from '../../../../src/api/core/config-map.ts';
import { notFound } from '../../../../src/apimachinery/status-error.ts';
import { decode } from '../../../../src/schema/decode.ts';
import { listTypeOf, partialObjectMetadataType, statusType } from '../../../../src/schema/meta-types.ts';
import { decodeProtobuf } from '../../../../src/schema/protobuf.ts';
import type { ObjectType } from '../../../../src/schema/schema.ts';
import { negotiate } from '../../../../master/apiserver/negotiation.ts';
import { ProtobufAnswers } from '../../../../master/apiserver/protobuf.ts';
import type { WatchItem } from '../../../../master/apiserver/request.ts';

const answers = new ProtobufAnswers([ConfigMaps]);
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' }, data: { x: 'y' } };
const read = (bytes: Uint8Array, type: ObjectType): unknown => decode(type, decodeProtobuf(bytes, () => type), { unknown: [] });

describe('protobuf answers', () => {
  it.each<[what: string, value: object, type: ObjectType]>([
    ['an object', object, ConfigMaps.type],
    ['a list, whose items tell no kind', { apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '9', remainingItemCount: 0 }, items: [{ metadata: object.metadata, data: object.data }] }, listTypeOf(ConfigMaps.type)],
    ['a Status', notFound({ group: '', resource: 'configmaps' }, 'a').status, statusType],
    ['metadata alone', { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: object.metadata }, partialObjectMetadataType],
  ])('hold %s', (_what, value, type) => { expect(read(answers.encode(value)!, type)).toEqual(value); });
  it('leave out what they do not know', () => { expect(answers.encode({ apiVersion: 'meta.k8s.io/v1', kind: 'Table' })).toBeUndefined(); });
  it('frame events once for all watchers', () => {
    const item = (type: WatchItem['type']): WatchItem => ({ type, value: () => object, json: () => new Uint8Array() });
    const frame = Buffer.from(answers.frame(item('ADDED')));
    expect(answers.frame(item('ADDED'))).toBe(answers.frame(item('ADDED')));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    const event = protobuf.parse('syntax = "proto3"; message Raw { bytes raw = 1; } message Event { string type = 1; Raw object = 2; }').root.lookupType('Event').decode(frame.subarray(4)) as unknown as { type: string; object: { raw: Uint8Array } };
    expect(event.type).toBe('ADDED');
    expect(read(event.object.raw, ConfigMaps.type)).toEqual(object);
    expect(Buffer.from(answers.frame(item('MODIFIED'))).includes('MODIFIED')).toBe(true);
  });
});

describe('a client that reads protobuf', () => {
  it.each([
    ['application/vnd.kubernetes.protobuf,application/json', 'protobuf', ''],
    ['application/json,application/vnd.kubernetes.protobuf', 'json', ''],
    ['application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1', 'json', 'Table'],
    ['application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json', 'protobuf', 'PartialObjectMetadata'],
  ])('and sends Accept: %s gets %s %s', (accept, type, as) => { expect(negotiate(accept, { protobuf: true, transforms: true })).toMatchObject({ type, as }); });
});
