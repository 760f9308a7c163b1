// Which group versions an extension server serves: follows the APIServices that name a Service in the cache, and hears of a change
// before whoever made it is answered. (upstream: kube-aggregator pkg/apiserver/apiservice_controller.go)
import type { APIService } from '../../../src/api/apiregistration/api-service.ts';
import { registrationGroup } from '../../../src/api/apiregistration/priorities.ts';
import { isConditionTrue } from '../../../src/apimachinery/conditions.ts';
import { equalJson } from '../../../src/util/json.ts';
import { followObjects } from '../../registry/follow-objects.ts';
import type { Registry } from '../../registry/registry.ts';
import { Backend, type BackendOptions } from './backend.ts';

/** A group version and who serves it. Another object after each change of its spec. */
export interface RemoteGroupVersion {
  /** `v1alpha1.wardle.example.com` */
  readonly name: string;
  readonly spec: APIService['spec'];
  readonly backend: Backend;
  /** As the status has it: what is not available is not asked. */
  readonly available: boolean;
}

export type Change = (name: string, now: RemoteGroupVersion | undefined, before: RemoteGroupVersion | undefined) => void;

/** The core group and the one that registers all others are this server's own. */
const delegated = ({ spec }: APIService): boolean => spec.service !== undefined && (spec.group ?? '') !== '' && spec.group !== registrationGroup;

export class RemoteGroupVersions {
  readonly #byName = new Map<string, RemoteGroupVersion>();
  readonly #byPlace = new Map<string, RemoteGroupVersion>();
  readonly #listeners: Change[] = [];
  readonly #options: BackendOptions;

  constructor(options: BackendOptions) { this.#options = options; }

  /** Until the signal aborts. */
  start(registry: Registry, signal: AbortSignal): void {
    const { prefix } = registry.find(registrationGroup, 'v1', 'apiservices')!;
    followObjects(registry.cache, prefix, signal, (name, object) => this.#look(name, object as unknown as APIService | undefined));
  }

  get size(): number { return this.#byName.size; }
  all(): RemoteGroupVersion[] { return [...this.#byName.values()]; }
  get(name: string): RemoteGroupVersion | undefined { return this.#byName.get(name); }
  find(group: string, version: string): RemoteGroupVersion | undefined { return this.#byPlace.get(`${group}/${version}`); }
  onChange(listener: Change): void { this.#listeners.push(listener); }

  #look(name: string, object: APIService | undefined): void {
    const before = this.#byName.get(name);
    const now = object && delegated(object) ? this.#of(name, object, before) : undefined;
    if (now === before) return;
    if (before) this.#byPlace.delete(placeOf(before));
    this.#byName.delete(name);
    if (now) {
      this.#byName.set(name, now);
      this.#byPlace.set(placeOf(now), now);
    }
    for (const listener of this.#listeners) listener(name, now, before);
  }

  #of(name: string, { spec, status }: APIService, before: RemoteGroupVersion | undefined): RemoteGroupVersion {
    const available = isConditionTrue(status?.conditions, 'Available');
    if (before?.available === available && equalJson(before.spec, spec)) return before;
    const { service, caBundle, insecureSkipTLSVerify } = spec;
    const old = before?.spec;
    const same = old && equalJson([old.service, old.caBundle, old.insecureSkipTLSVerify], [service, caBundle, insecureSkipTLSVerify]);
    return { name, spec, available, backend: same ? before.backend : new Backend(spec, this.#options) };
  }
}

const placeOf = ({ spec: { group, version } }: RemoteGroupVersion): string => `${group}/${version}`;
