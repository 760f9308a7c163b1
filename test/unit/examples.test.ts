// Every example through the definitions: known kinds, no unknown field, nothing the API would refuse, and a header that says how
// to run it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { allResources } from '../../src/api/index.ts';
import { decode } from '../../src/schema/decode.ts';
import { createFaults } from './api/writing.ts';

const folder = join(import.meta.dirname, '../../examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort();
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Manifest { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } }

/** `path: fault` of every object in the text. */
function faults(text: string): string[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length) return document.errors.map((error) => error.message);
    const object = document.toJS() as Manifest;
    const resource = allResources.find((r) => r.kind === object.kind && r.apiVersion === object.apiVersion);
    if (!resource) return [`no kind ${object.apiVersion} ${object.kind}`];
    const unknown: string[] = [];
    decode(resource.type, { ...structuredClone(object) }, { unknown });
    return [...unknown, ...createFaults(resource, { ...object, metadata: { uid: 'uid', ...object.metadata } })].map((fault) => `${object.kind} ${object.metadata.name}: ${fault}`);
  });
}

describe('the examples', () => {
  it('are there, numbered in order', () => {
    expect(files.length).toBeGreaterThanOrEqual(8);
    expect(files.map((name) => Number(name.slice(0, 2)))).toEqual(files.map((_, index) => index + 1));
  });

  describe.each(files)('%s', (name) => {
    const text = read(name);
    it('is accepted as it stands', () => expect(faults(text)).toEqual([]));
    it('says how to run it and what that prints', () => {
      const header = text.slice(0, text.indexOf('\napiVersion:')).split('\n');
      expect(header.every((line) => line.startsWith('#'))).toBe(true);
      const command = header.findIndex((line) => line.startsWith('#   kubectl apply -f ') && line.includes(`examples/${name}`));
      expect(command).toBeGreaterThan(0);
      const own = parseAllDocuments(text).map((d) => d.toJS() as Manifest);
      for (const { kind, metadata } of own) expect(header.slice(command + 1).some((line) => new RegExp(`^#   ${kind.toLowerCase()}[.a-z0-9]*/${metadata.name} created$`).test(line))).toBe(true);
    });
  });

  it('would be refused if they were wrong', () => {
    const pod = read('01-pod.yaml');
    expect(faults(pod.replace('image: nginx:1.28', 'imagee: nginx:1.28'))).toEqual(['Pod nginx: spec.containers[0].imagee', expect.stringContaining('spec.containers[0].image: Required value')]);
    expect(faults(pod.replace('containerPort: 80', 'containerPort: 80000'))).toEqual([expect.stringContaining('spec.containers[0].ports[0].containerPort: Invalid value: 80000')]);
    expect(faults(pod.replace('kind: Pod', 'kind: Pot'))).toEqual(['no kind v1 Pot']);
  });
});
