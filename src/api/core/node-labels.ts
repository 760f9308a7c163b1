// Labels of nodes that have got other names, and warnings about who still selects by them.
// upstream: pkg/api/node/util.go
import { child, index } from '../../apimachinery/fault.ts';
import { isValidLabelValue } from '../../apimachinery/names.ts';

const deprecated: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};
/** What to do about a label of nodes that is out of use; undefined for every other. */
export const deprecatedNodeLabel = (name: string): string | undefined => (Object.hasOwn(deprecated, name) ? deprecated[name] : undefined);

/** A warning at `path` that names the label. */
export const nodeLabelWarning = (path: string, label: string): string[] => {
  const message = deprecatedNodeLabel(label);
  return message === undefined ? [] : [`${path}: ${label} is ${message}`];
};
/** A warning at `path`, which says already which label it is. */
export const nodeLabelWarningAt = (path: string, label: string): string[] => {
  const message = deprecatedNodeLabel(label);
  return message === undefined ? [] : [`${path}: ${message}`];
};

interface Term { readonly matchExpressions?: readonly { readonly key: string; readonly values?: readonly string[] }[] }
/** Warnings about a term of a node selector. `judgesValues`: also about values no label can have. */
export const nodeSelectorTermWarnings = ({ matchExpressions = [] }: Term, path: string, judgesValues: boolean): string[] => matchExpressions.flatMap(({ key, values = [] }, i) => {
  const at = index(child(path, 'matchExpressions'), i);
  return [
    ...nodeLabelWarning(child(at, 'key'), key),
    ...(judgesValues ? values.flatMap((value, j) => isValidLabelValue(value).map((problem) => `${index(child(at, 'values'), j)}: ${value} is invalid, ${problem}`)) : []),
  ];
});
