// The admission plugins as they are asked, one after the other. upstream: apiserver pkg/admission/{chain,reinvocation}.go
import type { AdmissionPlugin, AdmissionRequest, GiveBack } from './admission.ts';

export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  constructor(plugins: readonly AdmissionPlugin[]) { this.#plugins = plugins; }

  /** Those of this sort alone. */
  of(sort: 'concernsAll'): AdmissionChain { return new AdmissionChain(this.#plugins.filter((plugin) => plugin[sort])); }

  /** True when somebody from outside changed the object: then all plugins have seen it twice. @throws StatusError */
  async mutate(request: AdmissionRequest): Promise<boolean> {
    let again = false;
    for (const plugin of this.#plugins) if ((await plugin.mutate?.(request)) === 'again') again = true;
    if (again) for (const plugin of this.#plugins) await plugin.mutate?.(request);
    return again;
  }

  /** What plugins take for the request goes to `taken`. @throws StatusError */
  async validate(request: AdmissionRequest, taken: GiveBack[] = []): Promise<void> {
    for (const plugin of this.#plugins) {
      const giveBack = await plugin.validate?.(request);
      if (giveBack) taken.push(giveBack);
    }
  }

  /** Runs `write` with what the plugins took for it, which they get back when it fails. @throws StatusError */
  async admitted<T>(request: AdmissionRequest, write: () => Promise<T>): Promise<T> {
    const taken: GiveBack[] = [];
    try {
      await this.validate(request, taken);
      return await write();
    } catch (error) {
      for (const giveBack of taken) await giveBack();
      throw error;
    }
  }
}
