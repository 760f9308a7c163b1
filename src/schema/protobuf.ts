import type { ObjectType } from './schema.ts';
export function decodeProtobuf(_bytes: Uint8Array, _typeOf: (apiVersion: string, kind: string) => ObjectType | undefined): unknown { throw new Error('protobuf'); }
