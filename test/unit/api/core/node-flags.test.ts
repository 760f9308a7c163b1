// The kubelet's flags that say something of its Node, and what is refused, in its words.
import { parseNodeLabels, parseReserved, parseTaints } from '../../../../src/api/core/node-flags.ts';

it.each<[string, object]>([
  ['', {}], ['team=a, disk = ssd ,flag', { team: 'a', disk: 'ssd', flag: '' }],
  ['topology.kubernetes.io/zone=here,node.kubernetes.io/pool=a,x.kubelet.kubernetes.io/y=z,example.com/k8s.io=b', { 'topology.kubernetes.io/zone': 'here', 'node.kubernetes.io/pool': 'a', 'x.kubelet.kubernetes.io/y': 'z', 'example.com/k8s.io': 'b' }],
])('labels "%s"', (text, labels) => { expect(parseNodeLabels(text)).toEqual(labels); });
it.each<[string, string | RegExp]>([
  ['node-role.kubernetes.io/worker=,a.k8s.io/b=c,fine=1', "unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [a.k8s.io/b node-role.kubernetes.io/worker]; --node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix (kubelet.kubernetes.io, node.kubernetes.io) or be in the specifically allowed set (beta.kubernetes.io/arch, beta.kubernetes.io/instance-type, beta.kubernetes.io/os, failure-domain.beta.kubernetes.io/region, failure-domain.beta.kubernetes.io/zone, kubernetes.io/arch, kubernetes.io/hostname, kubernetes.io/os, node.kubernetes.io/instance-type, topology.kubernetes.io/region, topology.kubernetes.io/zone)"],
  ['node-restriction.kubernetes.io/a=b', /^unknown /],
  ['a b=c', /^invalid node labels: 'a b' - name part must consist of/], ['a=b c', /^invalid node labels: 'b c' - a valid label must be/],
])('no labels "%s"', (text, message) => { expect(() => parseNodeLabels(text)).toThrow(message); });

it.each<[string, object[]]>([
  ['', []], ['dedicated=a:NoSchedule,old:NoExecute, dedicated=b:PreferNoSchedule', [{ key: 'dedicated', value: 'a', effect: 'NoSchedule' }, { key: 'old', effect: 'NoExecute' }, { key: 'dedicated', value: 'b', effect: 'PreferNoSchedule' }]],
])('taints "%s"', (text, taints) => { expect(parseTaints(text)).toEqual(taints); });
it.each<[string, string | RegExp]>([
  ['dedicated', 'invalid taint spec: dedicated'], ['a=b=c:NoSchedule', 'invalid taint spec: a=b=c:NoSchedule'], ['a:b:NoSchedule', 'invalid taint spec: a:b:NoSchedule'], ['a=b:Never', 'invalid taint effect: Never, unsupported taint effect'],
  ['a b:NoExecute', /^invalid taint spec: a b:NoExecute, name part must consist of/], ['a=b c:NoExecute', /^invalid taint spec: a=b c:NoExecute, a valid label must be/],
  ['a=b:NoExecute,a=c:NoExecute', 'duplicated taints with the same key and effect: {a c NoExecute <nil>}'],
])('no taints "%s"', (text, message) => { expect(() => parseTaints(text)).toThrow(message); });

it.each<[string, object]>([['', {}], ['cpu=0.5, memory = 1024Mi,ephemeral-storage=1e9', { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '1e9' }]])('reserves "%s"', (text, list) => { expect(parseReserved(text)).toEqual(list); });
it.each<[string, string]>([
  ['cpu', 'malformed pair, expect string=string'], ['pods=1', 'cannot reserve "pods" resource'], ['pid=100', 'cannot reserve "pid" resource'], ['cpu=-1', 'resource quantity for "cpu" cannot be negative: -1'],
  ['memory=lots', `failed to parse quantity "lots" for "memory" resource: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`],
])('reserves nothing for "%s"', (text, message) => { expect(() => parseReserved(text)).toThrow(message); });
