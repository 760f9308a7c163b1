// What the Pod security standards look at in a Pod, and words their verdicts share.
// upstream: k8s.io/pod-security-admission/policy (visitor.go, helpers.go)

interface SeLinuxOptions { readonly user?: string; readonly role?: string; readonly type?: string }
/** Settings a Pod and its containers have alike. */
export interface SharedSecurityContext {
  readonly appArmorProfile?: { readonly type: string };
  readonly seccompProfile?: { readonly type: string };
  readonly seLinuxOptions?: SeLinuxOptions;
  readonly windowsOptions?: { readonly hostProcess?: boolean };
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
}
export interface CheckedContainer {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly securityContext?: SharedSecurityContext & {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly procMount?: string;
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
}
export interface CheckedPodSpec {
  readonly os?: { readonly name: string };
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly containers?: readonly CheckedContainer[] | null;
  readonly initContainers?: readonly CheckedContainer[];
  readonly ephemeralContainers?: readonly CheckedContainer[];
  readonly volumes?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
  readonly securityContext?: SharedSecurityContext & { readonly sysctls?: readonly { readonly name: string }[] };
}
/** A Pod, or the template of one. */
export interface CheckedPod { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }; readonly spec: CheckedPodSpec }

/** Why a Pod violates a standard: briefly, and with what of it does. */
export interface Violation { readonly reason: string; readonly detail: string }

export const containersOf = ({ initContainers, containers, ephemeralContainers }: CheckedPodSpec): readonly CheckedContainer[] =>
  [...(initContainers ?? []), ...(containers ?? []), ...(ephemeralContainers ?? [])];

export const quoted = (texts: Iterable<string>): string => [...texts].map((text) => `"${text}"`).join(', ');
export const plural = (word: string, count: number): string => (count === 1 ? word : `${word}s`);
/** `container "a"`, `containers "a", "b"` */
export const counted = (word: string, names: readonly string[]): string => `${plural(word, names.length)} ${quoted(names)}`;
export const sorted = (texts: Iterable<string>): string[] => [...new Set(texts)].sort();

/** Who says something that is not allowed: `pod and container "a"`; undefined when nobody does. */
export function settersOf({ spec }: CheckedPod, bad: (context: SharedSecurityContext) => boolean): string | undefined {
  const containers = containersOf(spec).filter(({ securityContext }) => securityContext && bad(securityContext)).map(({ name }) => name);
  const setters = [...(spec.securityContext && bad(spec.securityContext) ? ['pod'] : []), ...(containers.length > 0 ? [counted('container', containers)] : [])];
  return setters.length > 0 ? setters.join(' and ') : undefined;
}
/** What the Pod and its containers say of something, without those that say nothing. */
export const saidBy = <T>({ spec }: CheckedPod, read: (context: SharedSecurityContext) => T | undefined): T[] =>
  [spec.securityContext, ...containersOf(spec).map(({ securityContext }) => securityContext)].flatMap((context) => {
    const said = context && read(context);
    return said === undefined ? [] : [said];
  });
