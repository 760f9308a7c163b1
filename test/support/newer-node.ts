// What the official client's HTTP library asks of Node as it loads, and Node has from 22.15 on only: stand-ins for an older one.
// The server sends no zstd, and nothing is cloned into threads. Imported before the client.
import workers from 'node:worker_threads';
import zlib from 'node:zlib';

(zlib as { createZstdDecompress?: unknown }).createZstdDecompress ??= () => { throw new Error('this Node has no zstd'); };
(workers as { markAsUncloneable?: unknown }).markAsUncloneable ??= () => undefined;
(Promise as { withResolvers?: unknown }).withResolvers ??= () => {
  let settle: object = {};
  const promise = new Promise((resolve, reject) => { settle = { resolve, reject }; });
  return { promise, ...settle };
};
