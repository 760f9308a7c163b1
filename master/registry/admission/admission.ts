// Admission: one ordered list of small plugins that see an object after defaulting and before (mutate) or after (validate)
// validation. (upstream: apiserver admission/interfaces.go)
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import type { RequestContext } from '../request-context.ts';

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** The new object; absent for DELETE. */
  readonly object?: ApiObject;
  readonly old?: ApiObject;
  readonly context: RequestContext;
}

export type GiveBack = () => Promise<void>;

export interface AdmissionPlugin {
  /** Upstream's plugin name. */
  readonly name: string;
  /** May change `request.object`. @throws StatusError to refuse */
  mutate?(request: AdmissionRequest): void | Promise<void>;
  /** What it took for the write is given back by the function it returns, when the write is not stored after all. @throws StatusError to refuse */
  validate?(request: AdmissionRequest): void | GiveBack | Promise<void | GiveBack>;
}
