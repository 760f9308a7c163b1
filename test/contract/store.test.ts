// Runs the store's contract on every implementation.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../master/storage/embedded/embedded-store.ts';
import { MemoryStore } from '../../master/storage/memory-store.ts';
import { storeContract } from './store.ts';
import type { Store } from '../../master/storage/store.ts';

storeContract('in memory', async (options) => {
  const store = new MemoryStore(options);
  return { store, dispose: () => store.close() };
}, { durable: false });

storeContract('embedded', async (options) => {
  const dir = await mkdtemp(join(tmpdir(), 'dray-store-'));
  const stores: Store[] = [await openEmbeddedStore(join(dir, 'data'), options)];
  return {
    store: stores[0]!,
    async reopen() {
      await stores[0]!.close();
      stores.push(await openEmbeddedStore(join(dir, 'data'), options));
      return stores[1]!;
    },
    async dispose() {
      for (const store of stores) await store.close();
      await rm(dir, { recursive: true });
    },
  };
}, { durable: true });
