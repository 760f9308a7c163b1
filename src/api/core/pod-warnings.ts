// What is allowed in a Pod but surprises: sent as warnings, never a fault.
// upstream: pkg/api/pod/warnings.go; pkg/registry/core/pod/strategy.go, WarningsOnCreate
import { child, index } from '../../apimachinery/fault.ts';
import { isDNS1123Label } from '../../apimachinery/names.ts';

interface Spec {
  readonly containers?: readonly { readonly env?: readonly { readonly name: string }[] }[] | null;
  readonly initContainers?: readonly { readonly env?: readonly { readonly name: string }[] }[];
}

/** Warnings about a PodSpec, in a Pod or in a template; `path` is that of the spec. */
export function podSpecWarnings(spec: Spec, path: string): string[] {
  return (['initContainers', 'containers'] as const).flatMap((list) => (spec[list] ?? []).flatMap(({ env = [] }, i) => {
    const envPath = child(index(child(path, list), i), 'env');
    return env.flatMap(({ name }, j) => (env.findIndex((other) => other.name === name) < j
      ? [`${index(envPath, j)}: hides previous definition of "${name}", which may be dropped when using apply`] : []));
  }));
}

/** Warnings about a new Pod. */
export function podWarnings({ metadata, spec }: { readonly metadata: { readonly name: string }; readonly spec: Spec }): string[] {
  const problems = isDNS1123Label(metadata.name);
  return [
    ...(problems.length > 0 ? [`metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`] : []),
    ...podSpecWarnings(spec, 'spec'),
  ];
}
