// The twenty Pods of faults.test.ts: Deployments, StatefulSet, DaemonSets, a Job and Pods of nobody's; with probes, sidecars, volumes in memory
// and on disk, the host's network, shared processes and a port of the host.
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';

export const podCount = 20;

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);
const waits = shell('trap "exit 0" TERM; while :; do sleep 1; done');

export const faultPods = (namespace: string): string => `
apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ${namespace}}
data: {color: blue}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: ${namespace}}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: ${namespace}}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${namespace}}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: nginx
        image: ${DEMO_NGINX[0]}
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 1}
        livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 5, timeoutSeconds: 10}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: side, namespace: ${namespace}}
spec:
  replicas: 4
  selector: {matchLabels: {app: side}}
  template:
    metadata: {labels: {app: side}}
    spec:
      terminationGracePeriodSeconds: 2
      initContainers:
      - {name: first, image: '${DEMO_BUSYBOX}', command: ${shell('echo first > /memory/first')}, volumeMounts: [{name: memory, mountPath: /memory}]}
      - {name: sidecar, image: '${DEMO_BUSYBOX}', restartPolicy: Always, command: ${shell('touch /memory/started; trap "exit 0" TERM; while :; do sleep 1; done')}, startupProbe: {exec: {command: [test, -f, /memory/started]}, periodSeconds: 1, failureThreshold: 60}, volumeMounts: [{name: memory, mountPath: /memory}]}
      containers:
      - name: main
        image: ${DEMO_BUSYBOX}
        command: ${waits}
        env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}]
        livenessProbe: {exec: {command: [test, -f, /memory/first]}, periodSeconds: 10, timeoutSeconds: 10}
        volumeMounts: [{name: memory, mountPath: /memory}, {name: all, mountPath: /all}]
      volumes:
      - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
      - {name: all, projected: {sources: [{configMap: {name: settings}}, {secret: {name: keys}}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: ${namespace}}
spec:
  serviceName: web
  replicas: 4
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: main
        image: ${DEMO_BUSYBOX}
        command: ${shell('mkdir -p /www; echo up > /www/index.html; exec httpd -f -p 8080 -h /www')}
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: work, mountPath: /work}, {name: work, mountPath: /sub, subPath: made/for/me}]
      volumes: [{name: work, emptyDir: {}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: every, namespace: ${namespace}}
spec:
  selector: {matchLabels: {app: every}}
  template:
    metadata: {labels: {app: every}}
    spec: {terminationGracePeriodSeconds: 2, containers: [{name: main, image: '${DEMO_BUSYBOX}', command: ${waits}, resources: {limits: {cpu: 200m, memory: 32Mi}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: host, namespace: ${namespace}}
spec:
  selector: {matchLabels: {app: host}}
  template:
    metadata: {labels: {app: host}}
    spec: {terminationGracePeriodSeconds: 2, hostNetwork: true, containers: [{name: main, image: '${DEMO_BUSYBOX}', command: ${waits}}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: work, namespace: ${namespace}}
spec:
  parallelism: 3
  completions: 3
  backoffLimit: 1000
  template:
    metadata: {labels: {app: work}}
    spec: {terminationGracePeriodSeconds: 2, restartPolicy: OnFailure, containers: [{name: main, image: '${DEMO_BUSYBOX}', command: ${shell('while :; do sleep 1; done')}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: shared, namespace: ${namespace}, labels: {app: alone}}
spec:
  terminationGracePeriodSeconds: 2
  shareProcessNamespace: true
  containers:
  - {name: one, image: '${DEMO_BUSYBOX}', command: ${waits}}
  - {name: two, image: '${DEMO_BUSYBOX}', command: ${waits}}
---
apiVersion: v1
kind: Pod
metadata: {name: port, namespace: ${namespace}, labels: {app: alone}}
spec: {terminationGracePeriodSeconds: 2, containers: [{name: main, image: '${DEMO_BUSYBOX}', command: ${shell('mkdir -p /www; exec httpd -f -p 8080 -h /www')}, ports: [{containerPort: 8080, hostPort: 18080}], readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}}]}
`;
