// Which Pods a drain takes. (upstream: k8s.io/kubectl/pkg/drain/filter_test.go)
import type { Pod } from '../../../../src/api/core/pod.ts';
import { planDrain } from '../../../../src/cli/drain-plan.ts';

interface Shape { readonly owner?: string; readonly phase?: string; readonly emptyDir?: boolean; readonly mirror?: boolean }
const pod = ({ owner, phase = 'Running', emptyDir = false, mirror = false }: Shape): Pod => ({
  metadata: { name: 'p', namespace: 'ns', ...(mirror ? { annotations: { 'kubernetes.io/config.mirror': 'x' } } : {}), ...(owner ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'o', uid: 'u', controller: true }] } : {}) },
  spec: { volumes: emptyDir ? [{ name: 'v', emptyDir: {} }] : [] }, status: { phase },
}) as unknown as Pod;

const local = 'cannot delete Pods with local storage (use --delete-emptydir-data to override): ns/p';
const alone = 'cannot delete Pods that declare no controller (use --force to override): ns/p';
it.each<[string, Shape, number, string[], number, string[]]>([
  ['of a ReplicaSet', { owner: 'ReplicaSet' }, 1, [], 1, []],
  ['of a DaemonSet', { owner: 'DaemonSet' }, 0, [], 0, ['ignoring DaemonSet-managed Pods: ns/p']],
  ['of a DaemonSet, ended', { owner: 'DaemonSet', phase: 'Failed' }, 1, [], 1, []],
  ['of nobody', {}, 1, [alone], 1, ['deleting Pods that declare no controller: ns/p']],
  ['of nobody, ended', { phase: 'Succeeded' }, 1, [], 1, []],
  ['with an emptyDir', { owner: 'ReplicaSet', emptyDir: true }, 1, [local], 1, ['deleting Pods with local storage: ns/p']],
  ['with an emptyDir, ended', { owner: 'Job', emptyDir: true, phase: 'Succeeded' }, 1, [], 1, []],
  ['of nobody with an emptyDir', { emptyDir: true }, 1, [local, alone], 1, ['deleting Pods with local storage: ns/p', 'deleting Pods that declare no controller: ns/p']],
  ['that mirrors a file', { mirror: true }, 0, [], 0, []],
])('a Pod %s', (_, shape, evicted, faults, forced, warnings) => {
  const careful = planDrain([pod(shape)], { force: false, deleteEmptydirData: false });
  expect([careful.evict.length, careful.faults]).toEqual([evicted, faults]);
  const bold = planDrain([pod(shape)], { force: true, deleteEmptydirData: true });
  expect([bold.evict.length, bold.faults, bold.warnings]).toEqual([forced, [], warnings]);
});
