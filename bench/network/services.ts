// Services without Pods, with two endpoints each: what a node has to know of a large cluster.
import { Services } from '../../src/api/core/service.ts';
import { EndpointSlices } from '../../src/api/discovery/endpoint-slice.ts';
import type { Client } from '../../src/client/client.ts';
import { atOnce } from '../bare-engine.ts';

const writers = 32;

export const sliceOf = (service: string, address: string, ports: number): object => ({
  metadata: { namespace: 'default', name: service, labels: { 'kubernetes.io/service-name': service } }, addressType: 'IPv4',
  ports: [{ name: 'tcp', port: ports }], endpoints: [{ addresses: [address], conditions: { ready: true } }],
});

export class ManyServices {
  readonly #client: Client;
  readonly #address: string;
  #count = 0;

  /** `address` is where their endpoints are said to be. */
  constructor(client: Client, address: string) {
    this.#client = client;
    this.#address = address;
  }

  async grow(count: number): Promise<void> {
    await atOnce(count - this.#count, writers, async () => {
      const name = `many-${this.#count++}`;
      await this.#client.create(Services, { metadata: { namespace: 'default', name }, spec: { ports: [{ name: 'tcp', port: 80 }] } } as never);
      await this.#client.create(EndpointSlices, sliceOf(name, this.#address, 1_024) as never);
    });
  }
}
