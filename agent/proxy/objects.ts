// The parts of Service and EndpointSlice the data plane reads: a structural subset, so that informers' frozen objects fit.

export interface ServiceObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
    readonly externalName?: string;
    readonly ports?: readonly {
      readonly name?: string; readonly protocol?: string; readonly port: number; readonly nodePort?: number; readonly appProtocol?: string | null;
    }[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number | null } | null } | null;
    readonly internalTrafficPolicy?: string | null;
    readonly externalTrafficPolicy?: string;
    readonly publishNotReadyAddresses?: boolean;
  };
}

export interface EndpointSliceObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly addressType: string;
  readonly ports?: readonly { readonly name?: string | null; readonly protocol?: string | null; readonly port?: number | null }[] | null;
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean | null; readonly serving?: boolean | null; readonly terminating?: boolean | null };
    readonly hostname?: string | null;
    readonly nodeName?: string | null;
    readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string } | null;
  }[] | null;
}

/** On each EndpointSlice: the Service it belongs to. */
export const serviceNameLabel = 'kubernetes.io/service-name';
