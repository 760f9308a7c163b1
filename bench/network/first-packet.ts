// What the first packet of a connection costs on its way to a Service: connections one after another, to the cluster address and directly.
import { connect } from 'node:net';
import { median } from '../report.ts';

const connectionsPerRun = 200;

function connectMs(address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const socket = connect({ host: address, port, noDelay: true });
    socket.once('connect', () => {
      const took = performance.now() - start;
      socket.once('close', () => resolve(took));
      socket.resume();
    }).once('error', reject);
  });
}

/** Medians in milliseconds, taken in turn. */
export async function firstPackets(direct: { readonly address: string; readonly port: number }, clusterIP: string, runs: number): Promise<{ readonly direct: number; readonly service: number }> {
  const [straight, through]: [number[], number[]] = [[], []];
  for (let i = 0; i < connectionsPerRun * runs; i++) {
    straight.push(await connectMs(direct.address, direct.port));
    through.push(await connectMs(clusterIP, 80));
  }
  return { direct: median(straight), service: median(through) };
}
