// The cluster's certificates on disk: made on first use, renewed when they end soon or no longer name what they must.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfig } from '../../src/client/kubeconfig.ts';
import { createAuthority, describe, issue, type CertificateRequest, type KeyPair } from './certificates.ts';

const renewBeforeMs = 30 * 24 * 3600 * 1000;

function writePrivate(file: string, text: string): void {
  // Renamed into place: a reader sees the old text or the new one, never half of it.
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

export class Pki {
  readonly directory: string;
  readonly authority: KeyPair;
  private constructor(directory: string, authority: KeyPair) {
    this.directory = directory;
    this.authority = authority;
  }

  /** Opens `<dataDir>/pki`, making the authority when there is none. */
  static async open(dataDir: string): Promise<Pki> {
    const directory = join(dataDir, 'pki');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const read = Pki.#read(directory, 'ca');
    if (read) return new Pki(directory, read);
    const authority = await createAuthority('dray-ca');
    Pki.#write(directory, 'ca', authority);
    return new Pki(directory, authority);
  }
  static #read(directory: string, name: string): KeyPair | undefined {
    const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
    return existsSync(cert) && existsSync(key) ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined;
  }
  static #write(directory: string, name: string, pair: KeyPair): void {
    writePrivate(join(directory, `${name}.key`), pair.key);
    writePrivate(join(directory, `${name}.crt`), pair.cert);
  }

  /** The pair called `name`, issued again when it is missing, ends within 30 days or lacks a name of the request. */
  async pair(name: string, request: CertificateRequest): Promise<KeyPair> {
    const current = Pki.#read(this.directory, name);
    if (current) {
      const { names, notAfter } = describe(current.cert);
      const wanted = [...(request.dnsNames ?? []), ...(request.ips ?? [])];
      if (notAfter.getTime() - Date.now() > renewBeforeMs && wanted.every((n) => names.includes(n))) return current;
    }
    const pair = await issue(this.authority, request);
    Pki.#write(this.directory, name, pair);
    return pair;
  }

  /** Writes a kubeconfig for a client certificate. */
  async writeKubeconfig(file: string, server: string, client: { name: string; commonName: string; organization: string }): Promise<void> {
    const pair = await this.pair(client.name, { commonName: client.commonName, organizations: [client.organization], usage: 'client' });
    const text = kubeconfig({ server, ca: this.authority.cert, cert: pair.cert, key: pair.key }, { cluster: 'dray', user: client.name });
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writePrivate(file, text);
  }
  writeAdmin(file: string, server: string): Promise<void> {
    return this.writeKubeconfig(file, server, { name: 'admin', commonName: 'kubernetes-admin', organization: 'system:masters' });
  }
  writeNode(file: string, server: string, node: string): Promise<void> {
    return this.writeKubeconfig(file, server, { name: `node-${node}`, commonName: `system:node:${node}`, organization: 'system:nodes' });
  }
}
