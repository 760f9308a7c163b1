// Admission: one ordered list of small plugins that see an object after defaulting and before (mutate) or after (validate)
// validation. (upstream: apiserver admission/interfaces.go)
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import type { DeleteOptions, RequestContext } from '../request-context.ts';

/** What the body of a subresource is, where it is no object of the resource itself: a Scale, a Binding, the options of an exec. */
export interface BodyKind extends Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'apiVersion' | 'type'> {
  /** Absent: the request's object is of this kind already. */
  readonly within?: {
    /** What the whole object shows of this kind. */
    read(object: ApiObject): ApiObject;
    /** Takes over into the whole object what somebody has changed in that. */
    write(object: ApiObject, body: ApiObject): void;
  };
}

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly resource: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** The new object; absent for DELETE. */
  readonly object?: ApiObject;
  readonly old?: ApiObject;
  readonly body?: BodyKind;
  readonly deleteOptions?: DeleteOptions;
  readonly context: RequestContext;
}

export type GiveBack = () => Promise<void>;

export interface AdmissionPlugin {
  /** Upstream's plugin name. */
  readonly name: string;
  /** Is asked about requests too that store no object of their resource: connections, bindings, evictions. */
  readonly concernsAll?: boolean;
  /** May change `request.object`. 'again': so that all plugins are to see it once more (once, whoever asks). @throws StatusError to refuse */
  mutate?(request: AdmissionRequest): void | 'again' | Promise<void | 'again'>;
  /** What it took for the write is given back by the function it returns, when the write is not stored after all. @throws StatusError to refuse */
  validate?(request: AdmissionRequest): void | GiveBack | Promise<void | GiveBack>;
}
