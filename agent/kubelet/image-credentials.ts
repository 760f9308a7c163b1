// Which credentials of a Pod's imagePullSecrets belong to an image's registry. Pure.
// upstream: pkg/credentialprovider/keyring.go, config.go
import type { RegistryAuth } from '../runtime/runtime.ts';

interface Entry { readonly username?: string; readonly password?: string; readonly auth?: string; readonly identitytoken?: string }
/** The data of a pull secret: base64 by key. */
export interface PullSecret { readonly type?: string | undefined; readonly data?: Readonly<Record<string, string>> | undefined }

/** The registry of an image reference, `index.docker.io` for names without one. */
export function registryOf(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  return !isHost || first === 'docker.io' ? 'index.docker.io' : first;
}

function entriesOf({ type, data = {} }: PullSecret): Record<string, Entry> {
  const decode = (key: string): unknown => (data[key] === undefined ? {} : JSON.parse(Buffer.from(data[key]!, 'base64').toString()));
  if (type === 'kubernetes.io/dockercfg') return decode('.dockercfg') as Record<string, Entry>;
  return (decode('.dockerconfigjson') as { auths?: Record<string, Entry> }).auths ?? {};
}

/** The first entry whose key names the image's registry (with or without scheme and path prefix). */
export function credentialsFor(image: string, secrets: readonly PullSecret[]): RegistryAuth | undefined {
  const registry = registryOf(image);
  for (const secret of secrets) {
    for (const [key, entry] of Object.entries(entriesOf(secret))) {
      const [host = '', ...path] = key.replace(/^https?:\/\//, '').split('/');
      const prefix = path.join('/').replace(/\/$/, '');
      const sameHost = host === registry || (registry === 'index.docker.io' && host === 'docker.io');
      if (!sameHost || (prefix !== '' && prefix !== 'v1' && prefix !== 'v2' && !image.startsWith(`${host}/${prefix}`))) continue;
      const [user, password] = entry.auth ? splitOnce(Buffer.from(entry.auth, 'base64').toString()) : [entry.username, entry.password];
      return {
        ...(user !== undefined ? { username: user } : {}), ...(password !== undefined ? { password } : {}),
        ...(entry.identitytoken ? { identityToken: entry.identitytoken } : {}), serverAddress: registry,
      };
    }
  }
  return undefined;
}
function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
