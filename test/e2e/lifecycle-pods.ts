// The Pods of lifecycle.test.ts, all applied at once: each shows one part of what a kubelet does.
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { registryAddress, registryUser } from '../support/registry.ts';

export const [busybox, nginx] = [DEMO_BUSYBOX, DEMO_NGINX[0]];
/** A registry that nobody runs: pulls are refused on loopback. */
export const unreachable = '127.0.0.1:1/demo/none:1';
/** In the engine's store, but pulled always. */
export const stale = '127.0.0.1:1/demo/stale:1';
/** In a registry that wants to know who asks. */
export const guarded = `${registryAddress}/team/app:1`;

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);
const puller = (name: string, more: string): string => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec: {terminationGracePeriodSeconds: 1, ${more}, containers: [{name: main, image: '${guarded}', imagePullPolicy: Always, command: [sleep, '3600']}]}
`;

/** `host` is a directory of the host for hostPath volumes. */
export const manifest = (host: string): string => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue, file.conf: "answer = 42\\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - name: nginx
    image: ${nginx}
    ports: [{name: http, containerPort: 80}]
    startupProbe: {tcpSocket: {port: http}, periodSeconds: 1, failureThreshold: 300}
    readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
    livenessProbe: {exec: {command: [test, -f, /run/nginx.pid]}, periodSeconds: 1, timeoutSeconds: 10}
---
apiVersion: v1
kind: Pod
metadata: {name: full, labels: {app: full}, annotations: {note: hello}}
spec:
  hostname: box
  terminationGracePeriodSeconds: 1
  hostAliases: [{ip: 10.9.8.7, hostnames: [alias-one, alias-two]}]
  initContainers:
  - {name: first, image: '${busybox}', command: ${shell('sleep 1; echo first >> /work/order')}, volumeMounts: [{name: work, mountPath: /work}]}
  - {name: second, image: '${busybox}', command: ${shell('echo second >> /work/order; chmod 0711 /work')}, volumeMounts: [{name: work, mountPath: /work}]}
  containers:
  - name: main
    image: ${busybox}
    command: ${shell('echo "started with $(LITERAL)"; exec sleep 3600')}
    resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {cpu: 250m, memory: 64Mi}}
    envFrom: [{prefix: ALL_, configMapRef: {name: settings}}]
    env:
    - {name: LITERAL, value: one}
    - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}
    - {name: OPTIONAL, valueFrom: {configMapKeyRef: {name: nothing, key: here, optional: true}}}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
    - {name: COMBINED, value: '$(LITERAL)-$(COLOR)-$(MISSING)-$$(LITERAL)'}
    volumeMounts:
    - {name: work, mountPath: /work}
    - {name: work, mountPath: /sub, subPath: made/for/me}
    - {name: memory, mountPath: /memory}
    - {name: host, mountPath: /host}
    - {name: config, mountPath: /config}
    - {name: config, mountPath: /etc/one.conf, subPath: file.conf}
    - {name: secret, mountPath: /secret}
    - {name: info, mountPath: /info}
    - {name: all, mountPath: /all}
  volumes:
  - {name: work, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: host, hostPath: {path: '${host}', type: DirectoryOrCreate}}
  - {name: config, configMap: {name: settings}}
  - {name: secret, secret: {secretName: keys, defaultMode: 0400}}
  - {name: info, downwardAPI: {items: [{path: note, fieldRef: {fieldPath: "metadata.annotations['note']"}}]}}
  - {name: all, projected: {sources: [{configMap: {name: settings}}, {secret: {name: keys, items: [{key: password, path: deep/password}]}}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: slow}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${busybox}
    command: ${shell('mkdir /www; echo up > /www/index.html; until [ -f /tmp/go ]; do sleep 0.1; done; exec httpd -f -p 8080 -h /www')}
    startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, failureThreshold: 1200}
    livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1}
    readinessProbe: {exec: {command: [test, -f, /tmp/ready]}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: ailing}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${busybox}
    command: ${shell('echo "run at $(cat /proc/uptime)"; touch /tmp/well; if [ ! -f /work/ran ]; then touch /work/ran; sleep 2; rm /tmp/well; fi; exec sleep 3600')}
    livenessProbe: {exec: {command: [cat, /tmp/well]}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1, initialDelaySeconds: 1}
    volumeMounts: [{name: work, mountPath: /work}]
  volumes: [{name: work, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: crash}
spec: {containers: [{name: main, image: '${busybox}', command: ${shell('echo last words | tee /dev/termination-log; exit 3')}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: never-again}
spec: {restartPolicy: Never, containers: [{name: main, image: '${busybox}', command: ${shell('exit 7')}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: second-try}
spec:
  restartPolicy: OnFailure
  volumes: [{name: work, emptyDir: {}}]
  containers: [{name: main, image: '${busybox}', command: ${shell('[ -f /work/tried ] || { touch /work/tried; exit 1; }')}, volumeMounts: [{name: work, mountPath: /work}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: polite}
spec:
  terminationGracePeriodSeconds: 20
  volumes: [{name: host, hostPath: {path: '${host}', type: DirectoryOrCreate}}]
  containers:
  - name: main
    image: ${busybox}
    command: ${shell('trap "echo stopped >> /host/polite; exit 0" TERM; while :; do sleep 0.1; done')}
    lifecycle:
      postStart: {exec: {command: ${shell('echo started >> /host/polite')}}}
      preStop: {exec: {command: ${shell('echo stopping >> /host/polite; sleep 1; echo leaving >> /host/polite')}}}
    volumeMounts: [{name: host, mountPath: /host}]
---
apiVersion: v1
kind: Pod
metadata: {name: stubborn}
spec: {terminationGracePeriodSeconds: 2, containers: [{name: main, image: '${busybox}', command: ${shell('trap "" TERM; while :; do sleep 0.1; done')}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: '${busybox}', command: ${shell('for i in 1 2 3; do echo line $i; done; echo oops >&2; until [ -f /tmp/go ]; do sleep 0.1; done; for i in 4 5; do echo line $i; done; exec sleep 3600')}}]
---
apiVersion: v1
kind: Pod
metadata: {name: image-never}
spec: {containers: [{name: main, image: 'dray.local/none:1', imagePullPolicy: Never}]}
---
apiVersion: v1
kind: Pod
metadata: {name: image-missing}
spec: {containers: [{name: main, image: '${unreachable}', imagePullPolicy: IfNotPresent}]}
---
apiVersion: v1
kind: Pod
metadata: {name: image-always}
spec: {containers: [{name: main, image: '${stale}', imagePullPolicy: Always}]}
---
apiVersion: v1
kind: Pod
metadata: {name: image-present}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: '${stale}', imagePullPolicy: IfNotPresent, command: [sleep, '3600'], resources: {limits: {cpu: 100m, memory: 32Mi}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: no-config}
spec: {containers: [{name: main, image: '${busybox}', env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: nothing}}}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: no-volume}
spec: {containers: [{name: main, image: '${busybox}', volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, secret: {secretName: nothing}}]}
---
apiVersion: v1
kind: Secret
metadata: {name: registry-old}
type: kubernetes.io/dockercfg
stringData: {.dockercfg: '${JSON.stringify({ [`http://${registryAddress}/v2/`]: registryUser })}'}
---
apiVersion: v1
kind: Secret
metadata: {name: registry-wrong}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: '${JSON.stringify({ auths: { [registryAddress]: { ...registryUser, password: 'wrong' } } })}'}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: puller}
imagePullSecrets: [{name: registry-old}]
${puller('pull-secret', 'imagePullSecrets: [{name: registry-wrong}, {name: registry}]')}${puller('pull-account', 'serviceAccountName: puller')}${puller('pull-wrong', 'imagePullSecrets: [{name: registry-wrong}]')}${puller('pull-missing', 'imagePullSecrets: [{name: nothing}]')}`;
