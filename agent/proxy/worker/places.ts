// Where the worker is to listen: each place with the rules that claim it, kept from change to change, so that one costs what it touches.
import type { Listen } from '../rules.ts';

export interface Claim { readonly id: string; readonly listen: Listen }

export const placeOf = (listen: Listen): string => `${listen.protocol}/${listen.address}:${listen.port}`;

export class Places {
  readonly #claims = new Map<string, Claim[]>();
  readonly #listens = new Map<string, readonly Listen[]>();

  /** The rule `id` listens at these places from now on; the places it had or has. */
  set(id: string, listens: readonly Listen[]): Set<string> {
    const touched = new Set<string>();
    for (const listen of this.#listens.get(id) ?? []) {
      const place = placeOf(listen);
      touched.add(place);
      const others = (this.#claims.get(place) ?? []).filter((claim) => claim.id !== id);
      if (others.length > 0) this.#claims.set(place, others);
      else this.#claims.delete(place);
    }
    for (const listen of listens) {
      const place = placeOf(listen);
      touched.add(place);
      const claims = this.#claims.get(place) ?? [];
      if (!claims.some((claim) => claim.id === id)) this.#claims.set(place, [...claims, { id, listen }]);
    }
    if (listens.length > 0) this.#listens.set(id, listens);
    else this.#listens.delete(id);
    return touched;
  }

  /** The rule with the first id has a place that several claim. */
  holder(place: string): Claim | undefined {
    return this.#claims.get(place)?.reduce((first, claim) => (claim.id < first.id ? claim : first));
  }
}
