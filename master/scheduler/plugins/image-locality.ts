// ImageLocality: prefers nodes that have the Pod's large images already, the more so the more common those images are.
// upstream: pkg/scheduler/framework/plugins/imagelocality/image_locality.go
import { maxScore, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

const megabyte = 1024 * 1024;
const minBytes = 23 * megabyte;
const maxBytesPerContainer = 1000 * megabyte;

/** `nginx` is listed as `nginx:latest` or with a registry in front; the forms a node may report are compared. */
export function imageForms(image: string): string[] {
  const tagged = image.lastIndexOf(':') > image.lastIndexOf('/') || image.includes('@') ? image : `${image}:latest`;
  const first = tagged.split('/')[0]!;
  const hasRegistry = tagged.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  return hasRegistry ? [tagged] : [tagged, `docker.io/${tagged}`, `docker.io/library/${tagged}`];
}

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  curedBy: [],
  weight: 1,
  check: ({ spec }, { nodes }) => {
    const images = [...(spec.initContainers ?? []), ...spec.containers].map((c) => imageForms(c.image ?? ''));
    const sizeOn = (forms: readonly string[], { images: here }: NodeInfo): number => {
      let size = 0;
      if (here.size) for (const form of forms) size = Math.max(size, here.get(form) ?? 0);
      return size;
    };
    const spread = images.map((forms) => {
      let having = 0;
      for (const node of nodes) if (sizeOn(forms, node) > 0) having++;
      return having / nodes.length;
    });
    if (spread.every((share) => share === 0)) return {};
    const maxBytes = maxBytesPerContainer * images.length;
    return {
      score: (node) => {
        const bytes = images.reduce((sum, forms, i) => sum + Math.floor(sizeOn(forms, node) * spread[i]!), 0);
        return Math.floor((maxScore * (Math.min(maxBytes, Math.max(minBytes, bytes)) - minBytes)) / (maxBytes - minBytes));
      },
    };
  },
};
