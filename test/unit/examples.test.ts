// Every example through the definitions: known kinds, no unknown field, nothing the API would refuse, and a header that says how
// to run it.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { allResources } from '../../src/api/index.ts';
import { decode } from '../../src/schema/decode.ts';
import { createFaults } from './api/writing.ts';

const folder = join(import.meta.dirname, '../../examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'compose.yaml').sort();
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

  it('of hosts in containers: what these run are commands of dray, in shells that can read them', () => {
    const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, { build: string; entrypoint: string[]; command: string[]; volumes: string[] }> };
    expect(Object.keys(services)).toEqual(['master', 'node']);
    for (const { build, entrypoint, command, volumes } of Object.values(services)) {
      expect(existsSync(join(folder, build, 'Dockerfile'))).toBe(true);
      expect(entrypoint).toEqual(['sh', '-euc']);
      expect(volumes).toEqual(expect.arrayContaining(['/var/lib/docker', '/var/lib/dray']));
      // Compose leaves one dollar of two.
      for (const script of command) {
        expect(script.replaceAll('$$', '')).not.toContain('$');
        execFileSync('sh', ['-n', '-c', script.replaceAll('$$', '$')]);
      }
      const [, run] = command;
      for (const [, words] of run!.matchAll(/\bdray ((?:[a-z]+ ?)+)/g)) expect(['token create', 'up', 'join']).toContain(words!.trim());
    }
  });

  it('would be refused if they were wrong', () => {
    const pod = read('01-pod.yaml');
    expect(faults(pod.replace('image: nginx:1.28', 'imagee: nginx:1.28'))).toEqual(['Pod nginx: spec.containers[0].imagee', expect.stringContaining('spec.containers[0].image: Required value')]);
    expect(faults(pod.replace('containerPort: 80', 'containerPort: 80000'))).toEqual([expect.stringContaining('spec.containers[0].ports[0].containerPort: Invalid value: 80000')]);
    expect(faults(pod.replace('kind: Pod', 'kind: Pot'))).toEqual(['no kind v1 Pot']);
  });
});
