// Runs the store's contract on every implementation.
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../master/storage/embedded/embedded-store.ts';
import { DATA_FILE } from '../../master/storage/embedded/tables.ts';
import { MemoryStore } from '../../master/storage/memory-store.ts';
import { storeContract } from './store.ts';
import type { Store } from '../../master/storage/store.ts';

storeContract('in memory', async (options) => {
  const stores = [new MemoryStore(options)];
  return {
    store: stores[0]!,
    async restore(file) {
      stores.push(await MemoryStore.restore(file, options));
      return stores.at(-1)!;
    },
    async dispose() { for (const store of stores) await store.close(); },
  };
}, { durable: false });

storeContract('embedded', async (options) => {
  const dir = await mkdtemp(join(tmpdir(), 'dray-store-'));
  const stores: Store[] = [await openEmbeddedStore(join(dir, 'data'), options)];
  const reopen = async (data: string): Promise<Store> => {
    stores.push(await openEmbeddedStore(join(dir, data), options));
    return stores.at(-1)!;
  };
  return {
    store: stores[0]!,
    async reopen() {
      await stores[0]!.close();
      return reopen('data');
    },
    async restore(file) {
      await mkdir(join(dir, 'restored'));
      await copyFile(file, join(dir, 'restored', DATA_FILE));
      return reopen('restored');
    },
    async dispose() {
      for (const store of stores) await store.close();
      await rm(dir, { recursive: true });
    },
  };
}, { durable: true });
