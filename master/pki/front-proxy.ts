// The authority extension servers know the API server by when it passes requests on, apart from that of everybody else: whoever has its
// certificate may say in a header who asks. Names as kubeadm has them. (upstream: cmd/kubeadm/app/phases/certs/certlist.go)
import { describe, type KeyPair } from './certificates.ts';
import type { Pki } from './files.ts';

const clientName = 'front-proxy-client';

export interface FrontProxy {
  /** PEM. */
  readonly authority: string;
  readonly allowedNames: readonly string[];
  readonly current: () => KeyPair;
  /** Resolves with when to look again. */
  readonly renew: () => Promise<number>;
}

export async function openFrontProxy(pki: Pki): Promise<FrontProxy> {
  const authority = await pki.ownAuthority('front-proxy-ca');
  const issued = (): Promise<KeyPair> => pki.pair(clientName, { commonName: clientName, usage: 'client' }, authority);
  let pair = await issued();
  return {
    authority: authority.cert, allowedNames: [clientName], current: () => pair,
    async renew() {
      pair = await issued();
    return describe(pair.cert).renewAt;
    },
  };
}
