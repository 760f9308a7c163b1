// The agent's client certificate: replaced when four fifths of its life are over, with a key made here that never leaves the host.
// upstream: pkg/kubelet/certificate/kubelet.go (NewKubeletClientCertificateManager)
import { createPrivateKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { Client } from '../../src/client/client.ts';
import { readKubeconfig, renewalTime, replaceCredentials, type ClusterAccess } from '../../src/client/kubeconfig.ts';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';

/** The time of day may be set while a timer runs: it is looked at this often. */
const lookEveryMs = 3600_000;
const firstRetryMs = 10_000;
const longestRetryMs = 600_000;

export interface CredentialsOptions {
  readonly access: ClusterAccess;
  /** Where the credentials came from, and where new ones are kept for the next start. */
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when `current` has changed. */
  readonly onChange: () => void;
}

/** When a certificate has to be replaced (ms since the epoch). */
export function renewAt(cert: string): number {
  const { validFrom, validTo } = new X509Certificate(cert);
  return renewalTime(Date.parse(validFrom), Date.parse(validTo));
}

export class NodeCredentials {
  readonly #options: CredentialsOptions;
  #current: ClusterAccess;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#current = options.access;
  }
  get current(): ClusterAccess { return this.#current; }

  /** Until the signal aborts. */
  async keepRenewed(client: Client, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff<'renew'>(firstRetryMs, longestRetryMs);
    while (!signal.aborted) {
      let wait = Math.min(lookEveryMs, renewAt(this.#current.cert) - clock.now());
      if (wait <= 0) {
        try {
          await this.#renew(client);
          backoff.forget('renew');
          wait = 0;
        } catch (error) {
          if (signal.aborted) return;
          wait = backoff.next('renew');
          log.warn({ error: (error as Error).message, end: new X509Certificate(this.#current.cert).validTo }, "the agent's certificate could not be renewed; trying again");
        }
      }
      await clock.sleep(wait, signal).catch(() => undefined); // aborted: the loop ends
    }
  }

  async #renew(client: Client): Promise<void> {
    const { kubeconfig, nodeName, clock, log } = this.#options;
    // Somebody else may have put newer ones there: the master does for the nodes of its own host.
    const inFile = readKubeconfig(kubeconfig);
    if (inFile.ca === this.#current.ca && renewAt(inFile.cert) > clock.now()) {
      this.#take(inFile);
      return;
    }
    const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    const { certificate } = (await client.transport.request({ method: 'POST', path: `/dray/v1/nodes/${encodeURIComponent(nodeName)}/certificate`, body: { publicKey } })) as { certificate: string };
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey)) || renewAt(certificate) <= clock.now()) throw new Error('the master answered with a certificate that does not serve');
    this.#take({ cert: certificate, key: privateKey });
    try {
      replaceCredentials(kubeconfig, this.#current);
    } catch (error) {
      log.error({ error: (error as Error).message, kubeconfig }, "the agent's new certificate could not be kept: the next start has the old one only");
    }
    log.info({ end: new X509Certificate(certificate).validTo }, "the agent's certificate is renewed");
  }

  #take({ cert, key }: Pick<ClusterAccess, 'cert' | 'key'>): void {
    this.#current = { ...this.#current, cert, key };
    this.#options.onChange();
  }
}
