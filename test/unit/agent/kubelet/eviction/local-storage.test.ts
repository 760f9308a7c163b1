// Which use of disk is too much, and in which words.
import { hasStorageLimit, storageViolation } from '../../../../../agent/kubelet/eviction/local-storage.ts';
import type { PodUsage } from '../../../../../agent/kubelet/eviction/pod-usage.ts';
import type { Pod } from '../../../../../agent/kubelet/pod.ts';

const mi = 2 ** 20;
const disk = (mebibytes: number) => ({ usedBytes: mebibytes * mi, inodesUsed: 1 });
const usage = (containers: Record<string, [rootfs: number, logs: number]>, volumes: Record<string, number> = {}): PodUsage => ({
  containers: Object.entries(containers).map(([name, [rootfs, logs]]) => ({ name, memoryBytes: 0, processes: 1, rootfs: disk(rootfs), logs: disk(logs) })),
  volumes: new Map(Object.entries(volumes).map(([name, used]) => [name, disk(used)])),
});
const pod = (limits: Record<string, string | undefined>, volumes: object[] = []): Pod => ({
  metadata: { name: 'p' },
  spec: { volumes, containers: Object.entries(limits).map(([name, limit]) => ({ name, ...(limit ? { resources: { limits: { 'ephemeral-storage': limit } } } : {}) })) },
}) as unknown as Pod;
const dir = (name: string, sizeLimit?: string, medium?: string) => ({ name, emptyDir: { ...(sizeLimit ? { sizeLimit } : {}), ...(medium ? { medium } : {}) } });

it.each<[string, Pod, PodUsage, string | undefined]>([
  ['at its limit', pod({ c: undefined }, [dir('v', '10Mi')]), usage({ c: [0, 0] }, { v: 10 }), undefined],
  ['over its limit', pod({ c: undefined }, [dir('v', '10Mi')]), usage({ c: [0, 0] }, { v: 10.1 }), 'Usage of EmptyDir volume "v" exceeds the limit "10Mi". '],
  ['over a limit in other units', pod({ c: undefined }, [dir('v', '0.5Gi')]), usage({ c: [0, 0] }, { v: 513 }), 'Usage of EmptyDir volume "v" exceeds the limit "512Mi". '],
  ['the second of two', pod({ c: undefined }, [dir('a', '10Mi'), dir('b', '1Mi')]), usage({ c: [0, 0] }, { a: 9, b: 2 }), 'Usage of EmptyDir volume "b" exceeds the limit "1Mi". '],
  ['without a limit', pod({ c: undefined }, [dir('v')]), usage({ c: [9000, 9000] }, { v: 9000 }), undefined],
  ['a limit of nothing', pod({ c: undefined }, [dir('v', '0')]), usage({ c: [0, 0] }, { v: 9 }), undefined],
  ['a volume that was not measured', pod({ c: undefined }, [dir('v', '1Mi')]), usage({ c: [0, 0] }), undefined],
  ['the Pod over the sum of its limits, volumes included', pod({ a: '10Mi', b: '10Mi' }, [dir('v')]), usage({ a: [5, 1], b: [5, 1] }, { v: 9 }), 'Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. '],
  ['the Pod within it', pod({ a: '10Mi', b: '10Mi' }, [dir('v')]), usage({ a: [5, 1], b: [5, 1] }, { v: 8 }), undefined],
  ['a container without a limit counts for the Pod', pod({ a: '10Mi', b: undefined }), usage({ a: [1, 0], b: [20, 0] }), 'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. '],
  ['one container over its own, layer and logs together', pod({ a: '10Mi', b: '10Mi' }), usage({ a: [6, 5], b: [1, 0] }), 'Container a exceeded its local ephemeral storage limit "10Mi". '],
  ['an emptyDir comes before the rest', pod({ a: '1Mi' }, [dir('v', '1Mi')]), usage({ a: [5, 0] }, { v: 2 }), 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '],
])('%s', (_, judged, used, message) => expect(storageViolation(judged, used)).toBe(message));

it.each<[string, Pod, boolean]>([
  ['nothing', pod({ c: undefined }), false], ['an emptyDir without a size', pod({ c: undefined }, [dir('v')]), false], ['one with a size', pod({ c: undefined }, [dir('v', '1Mi')]), true],
  ['one in memory, which cannot grow', pod({ c: undefined }, [dir('v', '1Mi', 'Memory')]), false], ['a limit of a container', pod({ c: '1Gi' }), true],
])('%s has to be measured: %s', (_, judged, measured) => expect(hasStorageLimit(judged)).toBe(measured));
