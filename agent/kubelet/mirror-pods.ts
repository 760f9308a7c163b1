// Shows the node's static Pods in the API: for each a mirror that the node owns, made again when someone deletes it, replaced when
// its Pod is another. upstream: pkg/kubelet/pod/mirror_client.go, kubelet.go (tryReconcileMirrorPods)
import { isAlreadyExists, isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { keyOf, type Client, type Draft } from '../../src/client/client.ts';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { hashAnnotation, mirrorAnnotation, type Pod } from './pod.ts';

export interface MirrorOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly signal: AbortSignal;
  /** Told the mirror of the static Pod with this UID, or that it has none. */
  readonly mirrored: (uid: string, mirror: Pod | undefined) => void;
}

/** How long a mirror is away when someone has deleted it, in ms: kubectl asks for it and then lists it, and would wait for the end of another one it finds there. */
const awayMs = 500;

export class MirrorPods {
  readonly #options: MirrorOptions;
  readonly #wanted = new Map<string, Pod>();
  readonly #mirrors = new Map<string, Pod>();
  /** When mirrors went. */
  readonly #goneAt = new Map<string, number>();
  /** Names being put right, and whether something came meanwhile. */
  readonly #busy = new Map<string, boolean>();
  constructor(options: MirrorOptions) { this.#options = options; }

  want(pod: Pod): void {
    this.#wanted.set(keyOf(pod), pod);
    this.#wake(keyOf(pod));
  }
  unwant(pod: Pod): void {
    if (this.#wanted.get(keyOf(pod)) !== pod) return;
    this.#wanted.delete(keyOf(pod));
    this.#goneAt.delete(keyOf(pod));
    this.#wake(keyOf(pod));
  }
  /** The API has this mirror. */
  observe(mirror: Pod): void {
    const key = keyOf(mirror);
    this.#mirrors.set(key, mirror);
    const wanted = this.#wanted.get(key);
    if (wanted && isMirrorOf(mirror, wanted)) this.#options.mirrored(wanted.metadata.uid, mirror);
    this.#wake(key);
  }
  gone(mirror: Pod): void {
    const key = keyOf(mirror);
    if (this.#mirrors.get(key)?.metadata.uid === mirror.metadata.uid) this.#mirrors.delete(key);
    const wanted = this.#wanted.get(key);
    if (wanted) {
      this.#goneAt.set(key, this.#options.clock.monotonic());
      this.#options.mirrored(wanted.metadata.uid, undefined);
    }
    this.#wake(key);
  }

  #wake(key: string): void {
    if (this.#busy.has(key)) this.#busy.set(key, true);
    else void this.#putRight(key);
  }
  async #putRight(key: string): Promise<void> {
    const { clock, log, signal } = this.#options;
    const backoff = new Backoff<'write'>(200, 10_000);
    let again = true;
    while (again && !signal.aborted) {
      this.#busy.set(key, false);
      try {
        await this.#write(this.#wanted.get(key), this.#mirrors.get(key));
        again = this.#busy.get(key)!;
      } catch (error) {
        if (signal.aborted) break;
        log.info({ error: (error as Error).message, pod: key }, 'the mirror of a static Pod could not be written; trying again');
        await clock.sleep(backoff.next('write'), signal).catch(() => undefined); // aborted: the loop ends
      }
    }
    this.#busy.delete(key);
  }
  async #write(wanted: Pod | undefined, mirror: Pod | undefined): Promise<void> {
    const { client, clock, nodeName, signal } = this.#options;
    if (mirror && (!wanted || !isMirrorOf(mirror, wanted))) {
      const { name, namespace, uid } = mirror.metadata;
      await client.delete(Pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }).catch((error: unknown) => { if (!isNotFound(error) && !isConflict(error)) throw error; });
    } else if (wanted && !mirror) {
      const goneAt = this.#goneAt.get(keyOf(wanted));
      if (goneAt !== undefined) await clock.sleep(Math.max(0, goneAt + awayMs - clock.monotonic()), signal);
      // Its file may have gone or changed meanwhile: that is looked at next.
      if (this.#wanted.get(keyOf(wanted)) !== wanted) return;
      this.#goneAt.delete(keyOf(wanted));
      const node = await client.get(Nodes, { name: nodeName });
      // The watch tells of the one that is there already.
      await client.create(Pods, mirrorOf(wanted, node.metadata.uid)).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
    }
  }
}

const isMirrorOf = (mirror: Pod, pod: Pod): boolean => mirror.metadata.deletionTimestamp === undefined && mirror.metadata.annotations?.[mirrorAnnotation] === pod.metadata.annotations?.[hashAnnotation];

function mirrorOf({ metadata, spec }: Pod, nodeUid: string): Draft<Pod> {
  const { name, namespace, labels, annotations = {} } = metadata;
  return {
    metadata: {
      name, namespace, ...(labels ? { labels } : {}), annotations: { ...annotations, [mirrorAnnotation]: annotations[hashAnnotation]! },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: spec.nodeName!, uid: nodeUid, controller: true }],
    },
    spec,
  } as unknown as Draft<Pod>;
}
