// Load over several kept-alive connections at once, each sending its next request when the last is answered.
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import { percentile } from '../report.ts';
import { TlsConnection } from './tls-connection.ts';

export interface LoadResult { readonly perSecond: number; readonly p99Ms: number; readonly maxMs: number; readonly sent: number }

export const connections = 32;

/** Sends what `next` makes for `ms`, or `count` requests. @throws when an answer has another status than `expected` */
export async function load(access: ClusterAccess, next: (n: number) => Buffer, expected: number, until: { readonly ms: number } | { readonly count: number }): Promise<LoadResult> {
  const open = await Promise.all(Array.from({ length: connections }, () => TlsConnection.open(access)));
  const times: number[] = [];
  let sent = 0;
  const start = performance.now();
  const more = (): boolean => ('ms' in until ? performance.now() - start < until.ms : sent < until.count);
  try {
    await Promise.all(open.map(async (connection) => {
      while (more()) {
        const bytes = next(sent++);
        const begun = performance.now();
        const { status, body } = await connection.request(bytes);
        if (status !== expected) throw new Error(`answered ${status}: ${body.toString().slice(0, 300)}`);
        times.push(performance.now() - begun);
      }
    }));
    return { perSecond: times.length / ((performance.now() - start) / 1000), p99Ms: percentile(times, 99), maxMs: Math.max(...times.slice(-100_000)), sent };
  } finally {
    for (const connection of open) connection.close();
  }
}
