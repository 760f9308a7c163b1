// Everything that is served, here and by extension servers: for who deletes or follows objects of any kind. Of an extension server
// that is away stays what it served last, so that whoever follows it goes on when it is back.
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import type { ServedResources } from '../../../src/schema/resource-set.ts';
import { definitionOf } from './discovered.ts';
import type { RemoteDiscovery, RemoteVersion } from './remote-discovery.ts';

export class AllResources implements ServedResources {
  readonly #own: ServedResources;
  readonly #discovery: RemoteDiscovery;
  readonly #listeners = new Set<() => void>();
  /** A resource that stays is the same object: informers are kept by it. */
  #remote = new Map<string, ResourceDefinition>();
  #current: readonly ResourceDefinition[];

  constructor(own: ServedResources, discovery: RemoteDiscovery) {
    this.#own = own;
    this.#discovery = discovery;
    this.#current = own.current;
    own.subscribe(() => this.#changed());
    discovery.onChange(() => this.#changed());
  }

  get current(): readonly ResourceDefinition[] { return this.#current; }
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #changed(): void {
    const versions = this.#discovery.versions();
    const before = this.#remote;
    this.#remote = new Map(versions.flatMap((version) => version.resources.map((resource) => {
      const key = JSON.stringify([version.group, version.version, resource]);
      return [key, before.get(key) ?? definitionOf(resource, version.group, version.version)] as const;
    })));
    const current = [...withoutThose(this.#own.current, versions), ...this.#remote.values()];
    if (current.length === this.#current.length && current.every((resource, i) => resource === this.#current[i])) return;
    this.#current = current;
    for (const listener of [...this.#listeners]) listener();
  }
}

function withoutThose(own: readonly ResourceDefinition[], versions: readonly RemoteVersion[]): readonly ResourceDefinition[] {
  if (versions.length === 0) return own;
  return own.filter((resource) => !versions.some(({ group, version }) => group === resource.group && version === resource.version));
}
