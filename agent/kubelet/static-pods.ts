// Pods that the node has by itself, from files of a directory: each file is one Pod, and what it says is the Pod's identity.
// upstream: pkg/kubelet/config/file.go, common.go (tryDecodeSinglePod, applyDefaults)
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { goYaml } from '../../src/apimachinery/go-yaml.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { decode } from '../../src/schema/decode.ts';
import { applyDefaults } from '../../src/schema/defaulting.ts';
import type { ApiObject } from '../../src/schema/resource.ts';
import { validateObject } from '../../src/schema/validation.ts';
import { timestamp, type Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { DirectoryChange } from './directory-change.ts';
import { hashAnnotation, sourceAnnotation } from './pod.ts';

/** upstream: fileCheckFrequency */
const checkEveryMs = 20_000;

/** The Pod of one file; another content is another Pod. @throws Error why it is none */
export function staticPod(text: string, file: string, nodeName: string, now: number): Pod {
  const report = { unknown: [] };
  const value = parse(text, goYaml) as { apiVersion?: unknown; kind?: unknown } | null;
  if (typeof value !== 'object' || value?.kind !== 'Pod' || value.apiVersion !== 'v1') throw new Error('it holds no v1 Pod');
  const pod = decode(Pods.type, value, report) as Pod;
  const uid = createHash('sha256').update(JSON.stringify([nodeName, file, text])).digest('hex').slice(0, 32);
  const { metadata, spec } = pod;
  Object.assign(metadata, {
    name: `${metadata.name || metadata.generateName || ''}-${nodeName.toLowerCase()}`, namespace: metadata.namespace || 'default', uid, resourceVersion: '', creationTimestamp: timestamp(now),
    annotations: { ...metadata.annotations, [hashAnnotation]: uid, [sourceAnnotation]: 'file', 'kubernetes.io/config.seen': timestamp(now) },
  });
  // Nobody evicts what the node itself wants.
  Object.assign(spec, { nodeName, tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }] });
  applyDefaults(Pods.type, pod);
  Pods.defaults?.(pod);
  Pods.prepareCreate?.(pod);
  const faults = validateObject(Pods, pod as unknown as ApiObject);
  if (faults.length) throw new Error(faults.map(({ field, message }) => `${field}: ${message}`).join(', '));
  return pod;
}

export interface StaticPodOptions {
  readonly directory: string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told all Pods of the directory whenever one has come, changed or gone. */
  readonly changed: (pods: readonly Pod[]) => void;
}

export class StaticPodSource {
  readonly #options: StaticPodOptions;
  /** By file: its text, and the last Pod it made. */
  #files = new Map<string, { readonly text: string; readonly pod: Pod | undefined }>();
  constructor(options: StaticPodOptions) { this.#options = options; }

  /** Reads the directory, and tells when it is otherwise than before. One that is not there holds nothing. */
  async read(): Promise<void> {
    const { directory, nodeName, clock, log, changed } = this.#options;
    const next = new Map<string, { readonly text: string; readonly pod: Pod | undefined }>();
    for (const name of (await readdir(directory).catch(noneOrThrow)).sort()) {
      const path = join(directory, name);
      // One that cannot be looked at keeps no other from being read.
      if (name.startsWith('.') || !(await stat(path).catch(() => undefined))?.isFile()) continue;
      const before = this.#files.get(name);
      const text = await readFile(path, 'utf8');
      if (before?.text === text) {
        next.set(name, before);
        continue;
      }
      try {
        next.set(name, { text, pod: staticPod(text, path, nodeName, clock.now()) });
      } catch (error) {
        // A file that is being written, or was written wrongly, ends nothing.
        log.warn({ path, error: (error as Error).message }, 'a manifest cannot be used');
        next.set(name, { text, pod: before?.pod });
      }
    }
    const podsOf = (files: typeof next): Pod[] => [...files.values()].flatMap(({ pod }) => (pod ? [pod] : []));
    const [old, now] = [podsOf(this.#files), podsOf(next)];
    this.#files = next;
    if (old.length !== now.length || now.some((pod, i) => pod !== old[i])) changed(now);
  }

  /** Reads again whenever something happens in the directory, and now and then, until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { directory, clock, log } = this.#options;
    while (!signal.aborted) {
      const change = new DirectoryChange(directory);
      await this.read().catch((error: unknown) => log.warn({ directory, error }, 'the manifests cannot be read; trying again'));
      await change.orAfter(checkEveryMs, clock, signal);
    }
  }
}

function noneOrThrow(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
