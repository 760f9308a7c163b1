// `defineResource`: one declarative value per resource, from which discovery, REST paths, defaults, validation, Tables,
// OpenAPI and protobuf are derived.
import type { Fault } from '../apimachinery/fault.ts';
import { field, object, string, type Fields, type FieldsValue, type ObjectType } from './schema.ts';
import { objectMeta, type ObjectMeta } from './object-meta.ts';

/** A column of the server-side Table (upstream: pkg/printers/internalversion/printers.go). */
export interface Column<T = any> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority?: number;
  /** `now` in ms since the epoch, for ages. */
  readonly value: (object: T, now: number) => string | number | boolean | null;
}

export interface ScaleSubresource {
  /** Dotted paths in the object, e.g. `spec.replicas`; a leading dot means nothing. */
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** The selector: a LabelSelector, a plain map or its text; '' when there is none. */
  readonly labelSelectorPath: string;
}

/** Who makes a request. */
export interface Requester { readonly name: string; readonly uid?: string; readonly groups: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> }

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';
export const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export interface ResourceOptions<F extends Fields, T> {
  /** '' for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly doc: string;
  /** Go package of the kind, for OpenAPI names; default by group. */
  readonly package?: string;
  /** Top-level fields beside apiVersion, kind and metadata (which has protobuf number 1). */
  readonly fields: F;
  readonly verbs?: readonly Verb[];
  readonly subresources?: {
    /** `status` is written only through /status, and never by create or update. */
    readonly status?: boolean;
    readonly scale?: ScaleSubresource;
    /** Served by the API server beside the object (name, verbs, kind for discovery). */
    readonly others?: readonly { readonly name: string; readonly verbs: readonly string[]; readonly kind: string; readonly group?: string; readonly version?: string }[];
  };
  /** `metadata.generation` starts at 1 and grows with every change outside metadata and status. */
  readonly generation?: boolean;
  /** Metadata whose change makes `generation` grow too. */
  readonly generationMetadata?: readonly ('labels' | 'annotations')[];
  /** A creator may set `status` (Nodes register with it). */
  readonly statusOnCreate?: boolean;
  /** A CustomResourceDefinition made it: it has no form in protobuf, and no strategic merge. */
  readonly custom?: boolean;
  /** An extension server has it, which may not answer: nobody waits for its first list. */
  readonly remote?: boolean;
  /** The version its discovery hash is made of, when it is not its own; '' for none. */
  readonly hashVersion?: string;
  /** Its definition is being deleted: nothing new is created. */
  readonly ending?: boolean;
  /** Finalizers may lack a domain (upstream: kinds that are not judged by kube-apiserver's own packages). */
  readonly anyFinalizer?: boolean;
  /** Whoever uses this version is warned with this. */
  readonly deprecation?: string;
  /** What the first delete does to the object beside marking it (mutates); `now` is RFC 3339. */
  readonly beginDeletion?: (object: T, now: string) => void;
  /** Metadata a write to /status may not change; it may change the rest, as upstream's status strategies allow. */
  readonly statusKeeps?: readonly ('labels' | 'annotations' | 'finalizers' | 'ownerReferences')[];
  /** An update must name the resourceVersion it was made from. (upstream: AllowUnconditionalUpdate is false) */
  readonly requiresRevision?: boolean;
  readonly nameFormat?: 'dns1123Subdomain' | 'dns1123Label' | 'dns1035Label' | 'pathSegment';
  /** Field selectors beside metadata.name and metadata.namespace: the value is '' when unset. */
  readonly selectable?: Readonly<Record<string, (object: T) => string>>;
  /** What is said of any other field; the words of most kinds are the same. */
  readonly unselectable?: (field: string) => string;
  /** Defaults that span types; runs after all fields' defaults (mutates). */
  readonly defaults?: (object: T) => void;
  /** Resets what a client may not choose at creation (mutates), and answers warnings about what it was given; `status` is cleared already. */
  readonly prepareCreate?: (object: T, requester?: Requester) => void | readonly string[];
  /** What a delete that does not say does with dependents; they are collected unless it is Orphan. */
  readonly defaultPropagation?: 'Orphan';
  /** Warning for whoever deletes without saying what becomes of dependents. */
  readonly unsaidPropagation?: string;
  /** Carries over what an update may not change or may leave out (mutates `object`); `status` is carried over already. */
  readonly prepareUpdate?: (object: T, old: T) => void;
  /** Faults that span fields. `old` is given on update. */
  readonly validate?: (object: T, old?: T) => Fault[];
  /** Paths in the order upstream judges them, the longest that fits counts; what is told of several faults has this order. */
  readonly judged?: readonly string[];
  readonly validateStatus?: (object: T, old: T) => Fault[];
  /** Admission warnings, sent as `Warning:` headers. */
  readonly warnings?: (object: T, old?: T) => string[];
  /** Seconds of grace for a delete; undefined deletes at once. `requested` is what the client asked for. */
  readonly deletionGrace?: (object: T, requested: number | undefined) => number | undefined;
  readonly columns?: readonly Column<T>[];
  /** Table row condition of finished objects (Pods). */
  readonly rowConditions?: (object: T) => readonly { type: string; status: string; reason?: string; message?: string }[];
  /** The storage this resource shares with another of its kind (events.k8s.io and core Events, versions of a custom resource), and its form there. */
  readonly storedAs?: {
    readonly group: string; readonly plural: string; readonly encode: (object: any) => any; readonly decode: (stored: any) => any;
    /** The version objects of a custom resource are stored in from now on. */
    readonly apiVersion?: string;
    /** Versions differ in more than their name: somebody outside says how. `encode` and `decode` then take what is in the version already. */
    readonly convert?: ConvertObjects;
  };
}

/** Objects of one kind in another version, in order. @throws StatusError where whoever knows how cannot be asked */
export type ConvertObjects = (objects: readonly ApiObject[], apiVersion: string) => Promise<readonly ApiObject[]>;

/** Fields every stored object has, beside the resource's own. */
export interface ObjectHead { apiVersion: string; kind: string; metadata: ObjectMeta }
export type ApiObject = ObjectHead & Record<string, any>;

export interface ResourceDefinition<T extends ObjectHead = any> extends Omit<ResourceOptions<any, any>, 'fields' | 'verbs' | 'singular' | 'shortNames' | 'categories' | 'nameFormat' | 'subresources' | 'selectable' | 'columns'> {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: NonNullable<ResourceOptions<any, any>['subresources']>;
  readonly nameFormat: NonNullable<ResourceOptions<any, any>['nameFormat']>;
  readonly selectable: Readonly<Record<string, (object: any) => string>>;
  readonly columns?: readonly Column<any>[];
  /** `apps/v1`, `v1`. */
  readonly apiVersion: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly type: ObjectType;
  /** Only a carrier for the TypeScript type of the objects. */
  readonly objectType?: T;
}
export type ObjectOf<R> = R extends ResourceDefinition<infer T> ? T : never;

const goPackages: Record<string, string> = {
  '': 'io.k8s.api.core', apps: 'io.k8s.api.apps', 'discovery.k8s.io': 'io.k8s.api.discovery', 'coordination.k8s.io': 'io.k8s.api.coordination',
  'events.k8s.io': 'io.k8s.api.events', batch: 'io.k8s.api.batch', autoscaling: 'io.k8s.api.autoscaling', policy: 'io.k8s.api.policy',
  'networking.k8s.io': 'io.k8s.api.networking', 'rbac.authorization.k8s.io': 'io.k8s.api.rbac', 'storage.k8s.io': 'io.k8s.api.storage',
  'scheduling.k8s.io': 'io.k8s.api.scheduling', 'node.k8s.io': 'io.k8s.api.node', 'certificates.k8s.io': 'io.k8s.api.certificates',
  'admissionregistration.k8s.io': 'io.k8s.api.admissionregistration', 'authentication.k8s.io': 'io.k8s.api.authentication',
  'authorization.k8s.io': 'io.k8s.api.authorization', 'metrics.k8s.io': 'io.k8s.metrics.pkg.apis.metrics', 'flowcontrol.apiserver.k8s.io': 'io.k8s.api.flowcontrol',
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions', 'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

export function defineResource<F extends Fields>(options: ResourceOptions<F, ObjectHead & FieldsValue<F>>): ResourceDefinition<ObjectHead & FieldsValue<F>> {
  const { group, version, kind } = options;
  const type = object(kind, {
    apiVersion: string(0, { doc: 'APIVersion defines group and version of this object, for example apps/v1.' }),
    kind: string(0, { doc: 'Name of the REST resource this object represents.' }),
    metadata: field(1, objectMeta, { written: true, doc: "Standard object's metadata." }),
    ...options.fields,
  }, { doc: options.doc, package: options.package ?? `${goPackages[group] ?? `io.k8s.api.${group.split('.')[0]}`}.${version}` });
  return {
    shortNames: [], categories: [], verbs: allVerbs, subresources: {}, nameFormat: 'dns1123Subdomain', selectable: {},
    ...(options as unknown as ResourceOptions<any, any>),
    singular: options.singular ?? kind.toLowerCase(),
    apiVersion: group ? `${group}/${version}` : version,
    listKind: `${kind}List`,
    namespaced: options.scope === 'Namespaced',
    type,
  };
}
