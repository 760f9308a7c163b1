// Builds a single-layer image as `docker load` takes it, without an engine and without a registry.
import { createHash } from 'node:crypto';
import { tar } from './tar.ts';
import type { TarEntry } from './tar.ts';

export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
}
export interface ImageArchive {
  /** The image id the engine will show, `sha256:…`: it depends on the content only. */
  readonly id: string;
  readonly archive: Buffer;
}

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** `architecture` in Go's words: amd64, arm64. */
export function imageArchive(options: { tags: readonly string[]; architecture: string; config: ImageConfig; files: readonly TarEntry[] }): ImageArchive {
  const layer = tar(options.files);
  const layerDigest = sha256(layer);
  const config = JSON.stringify({
    architecture: options.architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: options.config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'dray' }],
  });
  const id = sha256(config);
  const manifest = JSON.stringify([{ Config: `${id}.json`, RepoTags: options.tags, Layers: [`${layerDigest}/layer.tar`] }]);
  const archive = tar([
    { path: `${id}.json`, content: config },
    { path: layerDigest, type: 'directory' },
    { path: `${layerDigest}/layer.tar`, content: layer },
    { path: 'manifest.json', content: manifest },
  ]);
  return { id: `sha256:${id}`, archive };
}
