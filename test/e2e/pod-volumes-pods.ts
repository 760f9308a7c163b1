// The Pods of pod-volumes.test.ts, all applied at once: each shows one kind of volume, or one thing that is refused.
import { DEMO_BUSYBOX } from '../../src/cli/demo-images.ts';

export const busybox = DEMO_BUSYBOX;
/** Values that are looked for on disks: nothing else has them. */
export const password = 'sesame-5c1ab0c2d1';

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);
const idle = shell('trap exit TERM; sleep 3600 & wait');
const pod = (name: string, rest: string): string => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}, annotations: {note: before}}
spec:
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
${rest.trim().split('\n').map((line) => `  ${line}`).join('\n')}
`;
const volumeAndClaim = (name: string, source: string): string => `---
apiVersion: v1
kind: PersistentVolume
metadata: {name: ${name}}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: '', claimRef: {namespace: default, name: ${name}}, ${source}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {accessModes: [ReadWriteOnce], storageClassName: '', volumeName: ${name}, resources: {requests: {storage: 1Gi}}}
`;
/** By type: what suits it, and what does not. */
const hostPaths: readonly (readonly [string, string, string])[] = [
  ['Directory', 'directory', 'none'], ['DirectoryOrCreate', 'made/deep', 'file'], ['File', 'file', 'directory'], ['FileOrCreate', 'made-file', 'none/file'],
  ['Socket', 'socket', 'file'], ['CharDevice', 'char', 'block'], ['BlockDevice', 'block', 'char'],
];
const hostPathVolumes = (host: string, index: 1 | 2): string => hostPaths.map((entry) => `{name: ${entry[0].toLowerCase()}, hostPath: {path: '${host}/${entry[index]}', type: ${entry[0]}}}`).join(', ');

/** `host` is a directory of the host that holds what hostPath volumes name. */
export const manifest = (host: string): string => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue, file.conf: "answer = 42\\n", script: "#!/bin/sh\\necho ran\\n"}
binaryData: {bytes: AP8B}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: pair}
data: {a: '0', b: '0'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fixed}
immutable: true
data: {color: gold}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: ${password}}
${volumeAndClaim('on-host', `hostPath: {path: '${host}/claimed', type: DirectoryOrCreate}`)}${volumeAndClaim('on-disk', `local: {path: '${host}/disk'}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/os, operator: In, values: [linux]}]}]}}`)}
${pod('files', `
containers:
- name: main
  image: ${busybox}
  command: ${idle}
  volumeMounts:
  - {name: config, mountPath: /config}
  - {name: config, mountPath: /etc/one.conf, subPath: file.conf}
  - {name: config, mountPath: /etc/one.color, subPath: color}
  - {name: some, mountPath: /some}
  - {name: secret, mountPath: /secret}
  - {name: info, mountPath: /info}
  - {name: all, mountPath: /all}
  - {name: fixed, mountPath: /fixed}
  - {name: absent, mountPath: /absent}
volumes:
- {name: config, configMap: {name: settings}}
- {name: some, configMap: {name: settings, defaultMode: 0440, items: [{key: script, path: bin/run, mode: 0755}, {key: color, path: deep/er/color}]}}
- {name: secret, secret: {secretName: keys, defaultMode: 0400}}
- {name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: note, mode: 0600, fieldRef: {fieldPath: "metadata.annotations['note']"}}, {path: cpu, resourceFieldRef: {containerName: main, resource: limits.cpu}}]}}
- {name: all, projected: {defaultMode: 0444, sources: [{configMap: {name: settings, items: [{key: color, path: color}]}}, {secret: {name: keys, items: [{key: password, path: deep/password, mode: 0400}]}}, {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}, {secret: {name: nothing, optional: true}}]}}
- {name: fixed, configMap: {name: fixed}}
- {name: absent, configMap: {name: nothing, optional: true}}
`)}${pod('reader', `
containers:
- name: main
  image: ${busybox}
  command: ${shell('trap exit TERM; last=; while :; do set=$(readlink /pair/..data); a=$(cat /pair/$set/a 2>/dev/null) && b=$(cat /pair/$set/b 2>/dev/null) || continue; [ "$a" = "$b" ] || echo "torn $a $b"; [ "$a" = "$last" ] || echo "saw $a"; last=$a; sleep 0.02; done')}
  volumeMounts: [{name: pair, mountPath: /pair}]
volumes: [{name: pair, configMap: {name: pair}}]
`)}${pod('group', `
securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000], fsGroupChangePolicy: OnRootMismatch}
containers:
- name: main
  image: ${busybox}
  command: ${idle}
  volumeMounts: [{name: work, mountPath: /work}, {name: memory, mountPath: /memory}, {name: config, mountPath: /config}, {name: secret, mountPath: /secret}, {name: token, mountPath: /token}, {name: disk, mountPath: /disk}, {name: claimed, mountPath: /claimed}, {name: work, mountPath: /locked, readOnly: true}]
volumes:
- {name: work, emptyDir: {}}
- {name: memory, emptyDir: {medium: Memory, sizeLimit: 2Mi}}
- {name: config, configMap: {name: settings, defaultMode: 0400}}
- {name: secret, secret: {secretName: keys, defaultMode: 0400}}
- {name: token, projected: {sources: [{serviceAccountToken: {path: token, audience: vault, expirationSeconds: 600}}]}}
- {name: disk, persistentVolumeClaim: {claimName: on-disk}}
- {name: claimed, persistentVolumeClaim: {claimName: on-host}}
`)}${pod('host-paths', `
containers: [{name: main, image: '${busybox}', command: ${idle}, volumeMounts: [${hostPaths.map(([type]) => `{name: ${type.toLowerCase()}, mountPath: /h/${type}}`).join(', ')}, {name: any, mountPath: /h/any}]}]
volumes: [${hostPathVolumes(host, 1)}, {name: any, hostPath: {path: '${host}/any/thing'}}]
`)}${pod('host-paths-wrong', `
containers: [{name: main, image: '${busybox}', command: ${idle}}]
volumes: [${hostPathVolumes(host, 2)}]
`)}${pod('sub', `
initContainers:
- {name: before, image: '${busybox}', command: ${shell('mkdir -p /work/has/been && ln -s has /work/link && echo here > /work/has/been/file')}, volumeMounts: [{name: work, mountPath: /work}]}
containers:
- name: main
  image: ${busybox}
  command: ${idle}
  env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
  volumeMounts: [{name: work, mountPath: /work}, {name: work, mountPath: /made, subPath: made/for/me}, {name: work, mountPath: /named, subPathExpr: 'of/$(POD)'}, {name: work, mountPath: /linked, subPath: link/been}, {name: work, mountPath: /one, subPath: has/been/file, readOnly: true}]
volumes: [{name: work, emptyDir: {}}]
`)}${pod('network-part', `
containers: [{name: main, image: '${busybox}', command: ${idle}, volumeMounts: [{name: far, mountPath: /far, subPath: a/part}]}]
volumes: [{name: far, nfs: {server: 127.0.0.1, path: /exports}}]
`)}${pod('escape', `
initContainers:
- {name: before, image: '${busybox}', command: ${shell('ln -s /etc /work/out; ln -s ../../../.. /work/up; ln -s / /work/root')}, volumeMounts: [{name: work, mountPath: /work}]}
containers:
- {name: main, image: '${busybox}', command: ${idle}, volumeMounts: [{name: work, mountPath: /out, subPath: out}]}
- {name: file, image: '${busybox}', command: ${idle}, volumeMounts: [{name: work, mountPath: /out, subPath: out/passwd}]}
- {name: up, image: '${busybox}', command: ${idle}, volumeMounts: [{name: work, mountPath: /out, subPath: up/x}]}
- {name: new, image: '${busybox}', command: ${idle}, volumeMounts: [{name: work, mountPath: /out, subPath: root/escaped}]}
- {name: value, image: '${busybox}', command: ${idle}, env: [{name: WHERE, value: ../../x}], volumeMounts: [{name: work, mountPath: /out, subPathExpr: 'a/$(WHERE)'}]}
- {name: below, image: '${busybox}', command: ${idle}, volumeMounts: [{name: work, mountPath: /out, readOnly: true, recursiveReadOnly: Enabled}]}
volumes: [{name: work, emptyDir: {}}]
`)}${pod('shares', `
containers:
- {name: main, image: '${busybox}', command: ${idle}, securityContext: {privileged: true}, volumeMounts: [{name: work, mountPath: /work, mountPropagation: Bidirectional}]}
- {name: sees, image: '${busybox}', command: ${idle}, volumeMounts: [{name: work, mountPath: /work, mountPropagation: HostToContainer}]}
- {name: blind, image: '${busybox}', command: ${idle}, volumeMounts: [{name: work, mountPath: /work}]}
volumes: [{name: work, emptyDir: {}}]
`)}${pod('caller', `
containers: [{name: main, image: '${busybox}', command: ${idle}}]
`).replace('automountServiceAccountToken: false', 'automountServiceAccountToken: true')}${pod('image-invalid', `
containers: [{name: main, image: 'Not:A:Name'}]
`)}`;

/** What the API takes from nobody: the spec, and what it says. */
export const refused: readonly (readonly [string, string])[] = [
  ["volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v, subPath: '../x'}]}]", "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'"],
  ['volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v, subPath: /etc}]}]', 'spec.containers[0].volumeMounts.subPath: Invalid value: "/etc": must be a relative path'],
  ["volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v, subPathExpr: 'a/../../$(X)'}]}]", "spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"a/../../$(X)\": must not contain '..'"],
  ['volumes: [{name: v, hostPath: {path: /tmp/../etc}}], containers: [{name: c, image: i}]', "spec.volumes[0].hostPath.path: Invalid value: \"/tmp/../etc\": must not contain '..'"],
  ["volumes: [{name: '../v', emptyDir: {}}], containers: [{name: c, image: i}]", 'spec.volumes[0].name: Invalid value: "../v": a lowercase RFC 1123 label must consist of'],
  ["volumes: [{name: v, configMap: {name: s, items: [{key: k, path: '../../x'}]}}], containers: [{name: c, image: i}]", "spec.volumes[0].configMap.items[0].path: Invalid value: \"../../x\": must not contain '..'"],
  ["volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: '..data'}}]}}], containers: [{name: c, image: i}]", "spec.volumes[0].projected.path: Invalid value: \"..data\": must not start with '..'"],
  ["volumes: [{name: v, downwardAPI: {items: [{path: 'a/../../x', fieldRef: {fieldPath: metadata.name}}]}}], containers: [{name: c, image: i}]", "spec.volumes[0].downwardAPI.path: Invalid value: \"a/../../x\": must not contain '..'"],
];
