// The end of this turn of the event loop.
let end: Promise<void> | undefined;

/**
 * Resolves when everything that is ready in this turn of the event loop has been looked at; whoever waits in one turn goes on one
 * right after the other. Small writes to several sockets belong there: one in between wakes its reader, who has read it and sleeps again before the
 * next is made, and waking a sleeper costs more than an answer does.
 */
export const turnsEnd = (): Promise<void> => (end ??= new Promise((resolve) => setImmediate(() => {
  end = undefined;
  resolve();
})));
