// How many starts the engine works on at once. Containers go before sandboxes, so that Pods that have begun get ready first.
// More than about twice the cores buys only latency.

export class StartLimit {
  readonly #limit: number;
  #active = 0;
  readonly #waiting: { readonly first: (() => void)[]; readonly later: (() => void)[] } = { first: [], later: [] };

  constructor(limit: number) { this.#limit = Math.max(1, limit); }

  async run<T>(kind: 'sandbox' | 'container', work: () => Promise<T>): Promise<T> {
    if (this.#active >= this.#limit) await new Promise<void>((resolve) => { (kind === 'container' ? this.#waiting.first : this.#waiting.later).push(resolve); });
    else this.#active++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.first.shift() ?? this.#waiting.later.shift();
      // The place is handed on, so that nobody who comes now takes it.
      if (next) next();
      else this.#active--;
    }
  }
}
