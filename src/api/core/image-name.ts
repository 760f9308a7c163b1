// Reads image names as far as the API needs: which tag they carry. The node's runtime judges the rest.
// upstream: pkg/util/parsers/parsers.go

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** The tag of an image: `latest` when it has neither tag nor digest, empty when only a digest pins it. */
export function imageTag(image: string): string {
  const [name = '', digest] = image.split('@', 2);
  const colon = name.lastIndexOf(':');
  if (colon > name.lastIndexOf('/')) return name.slice(colon + 1);
  return digest === undefined ? 'latest' : '';
}

/** What an image that names no pull policy gets: a moving tag is always pulled. */
export const defaultPullPolicy = (image: string): PullPolicy => (imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent');
