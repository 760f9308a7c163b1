// Taints against tolerations. (upstream: staging/src/k8s.io/component-helpers/scheduling/corev1/helpers.go)

export interface TaintLike { readonly key: string; readonly value?: string; readonly effect: string }
export interface TolerationLike { readonly key?: string; readonly operator?: string; readonly value?: string; readonly effect?: string }

export function tolerates(toleration: TolerationLike, taint: TaintLike): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (!toleration.operator || toleration.operator === 'Equal') && Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

/** The first taint none of the tolerations covers. */
export const findUntolerated = <T extends TaintLike>(taints: readonly T[] | undefined, tolerations: readonly TolerationLike[] | undefined): T | undefined =>
  taints?.find((taint) => !(tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
