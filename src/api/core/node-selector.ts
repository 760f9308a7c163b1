// Node selectors of Pods: the plain map and the terms of node affinity.
// upstream: staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go
import { Selector, type SelectorOperator } from '../../apimachinery/selectors.ts';
import type { NodeSelectorRequirement, NodeSelectorTerm } from './affinity.ts';
import type { Pod } from './pod.ts';

const operators: Readonly<Record<string, SelectorOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!', Gt: 'gt', Lt: 'lt' };

/** As much of a node as its selectors look at. */
export interface SelectableNode { readonly name: string; readonly labels: Readonly<Record<string, string>> }
type NodeMatch = (node: SelectableNode) => boolean;

const selectorOf = (requirements: readonly NodeSelectorRequirement[]): Selector =>
  new Selector(requirements.map(({ key, operator, values }) => ({ key, operator: operators[operator]!, values: values ?? [] })));

/** A term with neither expressions nor fields matches no node. */
export function matchTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeMatch {
  if (!matchExpressions.length && !matchFields.length) return () => false;
  const [labels, fields] = [selectorOf(matchExpressions), selectorOf(matchFields)];
  return (node) => labels.matches(node.labels) && fields.matches({ 'metadata.name': node.name });
}

/** Whether the node suits `nodeSelector` and the required node affinity; undefined when the Pod demands nothing. */
export function requiredNodes({ spec: { nodeSelector = {}, affinity } }: { readonly spec: Pick<Pod['spec'], 'nodeSelector' | 'affinity'> }): NodeMatch | undefined {
  const entries = Object.entries(nodeSelector);
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.map(matchTerm);
  if (!entries.length && !terms) return undefined;
  return (node) => entries.every(([key, value]) => node.labels[key] === value) && (!terms || terms.some((matches) => matches(node)));
}
