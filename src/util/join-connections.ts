// Two connections become one: what one receives the other sends, and the end of either is the end of both.
import type { Duplex } from 'node:stream';

export function joinConnections(one: Duplex, other: Duplex): void {
  for (const [from, to] of [[one, other], [other, one]] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}
