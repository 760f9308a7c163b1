// By which cause a request was lost: a table of times, places and targets.
import { kindOf, type LossKind, type Outage } from '../../support/traffic.ts';

const outages: Outage[] = [{ host: 'b', from: 1000, to: 2000 }, { host: 'c', from: 5000, to: Infinity }];
const service = {};
const table: [string, { at: number; afterMs: number }, string, { at?: string; alone?: boolean }, LossKind][] = [
  ['nothing was away', { at: 100, afterMs: 50 }, 'a', service, 'without a cause'],
  ['it ended as the outage began', { at: 900, afterMs: 100 }, 'a', service, 'to a Service with a Pod on the host that was away'],
  ['it ended just before', { at: 900, afterMs: 99 }, 'a', service, 'without a cause'],
  ['it began as the outage ended', { at: 2000, afterMs: 5 }, 'a', service, 'to a Service with a Pod on the host that was away'],
  ['it began just after', { at: 2001, afterMs: 5 }, 'a', service, 'without a cause'],
  ['it took longer than the outage', { at: 900, afterMs: 5000 }, 'b', service, 'of a client on the host that was away'],
  ['the client is there', { at: 1500, afterMs: 1 }, 'b', { at: 'a' }, 'of a client on the host that was away'],
  ['the port is there', { at: 1500, afterMs: 1 }, '', { at: 'b' }, 'to the host that was away'],
  ['the Pod is there', { at: 1500, afterMs: 1 }, 'a', { at: 'b', alone: true }, 'to the host that was away'],
  ['the port of another host may lead there', { at: 1500, afterMs: 1 }, 'a', { at: 'a' }, 'to a Service with a Pod on the host that was away'],
  ['a Pod of another host is in no such way', { at: 1500, afterMs: 1 }, 'a', { at: 'c', alone: true }, 'without a cause'],
  ['the outage lasts', { at: 9000, afterMs: 1 }, 'a', { at: 'c', alone: true }, 'to the host that was away'],
];
it.each(table)('%s', (_, lost, place, target, kind) => {
  expect(kindOf(lost, place, target, outages)).toBe(kind);
});
