// Which containers are in the sandboxes this process made: nobody else makes any in them, so that the engine need not look through all
// it has when one goes.

export class Members {
  readonly #of = new Map<string, Set<string>>();
  readonly #sandboxOf = new Map<string, string>();

  made(sandbox: string): void { this.#of.set(sandbox, new Set()); }
  added(sandbox: string, container: string): void {
    if (!this.#of.has(sandbox)) return;
    this.#of.get(sandbox)!.add(container);
    this.#sandboxOf.set(container, sandbox);
  }
  /** What is in it is not known for sure any more. */
  unsure(sandbox: string): void {
    for (const container of this.#of.get(sandbox) ?? []) this.#sandboxOf.delete(container);
    this.#of.delete(sandbox);
  }
  /** A container or a sandbox. */
  removed(id: string): void {
    this.#of.get(this.#sandboxOf.get(id) ?? '')?.delete(id);
    this.#sandboxOf.delete(id);
    this.unsure(id);
  }
  /** Undefined of a sandbox made by another. */
  in(sandbox: string): string[] | undefined {
    const members = this.#of.get(sandbox);
    return members && [...members];
  }
}
