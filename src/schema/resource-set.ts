// Which resources are served: built-in ones for ever, custom ones as their definitions come and go. Whoever depends on the
// whole (discovery, documents, garbage collection) asks for the present list and is told when it is another.
import { compareVersions } from '../apimachinery/kube-version.ts';
import type { ResourceDefinition } from './resource.ts';

export interface ServedResources {
  /** In discovery order; another array after each change. */
  readonly current: readonly ResourceDefinition[];
  /** Called after each change; ends with the returned function. */
  subscribe(changed: () => void): () => void;
}

export class ResourceSet implements ServedResources {
  readonly #builtIn: readonly ResourceDefinition[];
  readonly #custom = new Map<string, readonly ResourceDefinition[]>();
  readonly #listeners = new Set<() => void>();
  #current: readonly ResourceDefinition[];

  constructor(builtIn: readonly ResourceDefinition[]) {
    this.#builtIn = builtIn;
    this.#current = builtIn;
  }

  get current(): readonly ResourceDefinition[] { return this.#current; }
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** What `owner` (a CustomResourceDefinition) defines from now on; nothing takes it out. Built-in resources give way to nobody. */
  define(owner: string, resources: readonly ResourceDefinition[]): void {
    const free = resources.filter((resource) => !this.#builtIn.some((other) => other.group === resource.group && other.version === resource.version && other.plural === resource.plural));
    if (free.length === 0 && !this.#custom.has(owner)) return;
    if (free.length) this.#custom.set(owner, free);
    else this.#custom.delete(owner);
    this.#current = [...this.#builtIn, ...[...this.#custom.values()].flat().sort(inOrder)];
    for (const listener of [...this.#listeners]) listener();
  }
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const inOrder = (a: ResourceDefinition, b: ResourceDefinition): number => byText(a.group, b.group) || compareVersions(a.version, b.version) || byText(a.plural, b.plural);

/** One resource for each storage: of versions and names of the same objects that in which they are stored (nobody has to convert them), else the first. */
export function distinctResources(resources: readonly ResourceDefinition[]): ResourceDefinition[] {
  const chosen = new Map<string, ResourceDefinition>();
  for (const resource of resources) {
    const { group, plural } = resource.storedAs ?? resource;
    const id = `${group}/${plural}`;
    if (!chosen.has(id) || resource.storedAs?.apiVersion === resource.apiVersion) chosen.set(id, resource);
  }
  return [...chosen.values()];
}
