// The Pods of pod-lifecycle.test.ts, all applied at once: sidecars, hooks, deadlines, probes of each kind, gates, and how each ends.
import { DEMO_BUSYBOX as busybox } from '../../src/cli/demo-images.ts';
import { testImage } from '../support/test-image.ts';

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);
const host = `volumeMounts: [{name: host, mountPath: /host}]`;
/** Says in a file of the host that it begins, and which signal ended it; it has started when it has said so. */
const noting = (name: string): string => `{name: ${name}, image: '${busybox}', command: ${shell(`trap 'echo ${name} ends >> /host/$POD; exit 0' TERM; echo ${name} begins >> /host/$POD; touch /tmp/up; while :; do sleep 0.1; done`)}, env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}], startupProbe: {exec: {command: [test, -f, /tmp/up]}, periodSeconds: 1, failureThreshold: 60}, ${host}`;
const pod = (name: string, spec: string, labels = ''): string => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}${labels}}
spec:
  ${spec.trim().split('\n').join('\n  ')}
`;
const ends = 'terminationGracePeriodSeconds: 1';

export const manifest = (directory: string): string => {
  const volumes = `volumes: [{name: host, hostPath: {path: '${directory}', type: DirectoryOrCreate}}]`;
  return [
    pod('sidecars', `
terminationGracePeriodSeconds: 20
${volumes}
initContainers:
- ${noting('first')}, restartPolicy: Always}
- {name: between, image: '${busybox}', command: ${shell('echo between >> /host/sidecars')}, ${host}}
- ${noting('second')}, restartPolicy: Always}
containers:
- ${noting('main')}}`),
    pod('work-with-sidecar', `
restartPolicy: Never
${volumes}
initContainers: [${noting('helper')}, restartPolicy: Always}]
containers: [{name: main, image: '${busybox}', command: ${shell('echo done')}}]`),
    pod('hooks', `
terminationGracePeriodSeconds: 20
${volumes}
initContainers: [{name: server, image: '${testImage}', restartPolicy: Always, startupProbe: {httpGet: {port: 8080, path: /up}, periodSeconds: 1, failureThreshold: 60}, env: [{name: LOG, value: /host/hooks}], ${host}}]
containers:
- {name: main, image: '${testImage}', args: [wait], lifecycle: {postStart: {httpGet: {port: 8080, path: /after-start}}, preStop: {httpGet: {port: 8080, path: /before-stop, httpHeaders: [{name: Host, value: hooked}]}}}}
- {name: sleeper, image: '${testImage}', args: [wait], env: [{name: LOG, value: /host/hooks}], lifecycle: {preStop: {sleep: {seconds: 2}}}, ${host}}`),
    pod('bad-hooks', `
${ends}
restartPolicy: Always
containers:
- {name: start, image: '${busybox}', command: [sleep, '3600'], lifecycle: {postStart: {exec: {command: ${shell('exit 4')}}}}}
- {name: stop, image: '${busybox}', command: [sleep, '3600'], lifecycle: {preStop: {exec: {command: ${shell('exit 5')}}}}}`),
    pod('deadline', `
terminationGracePeriodSeconds: 600
containers: [{name: main, image: '${busybox}', command: [sleep, '3600']}]`),
    pod('probed', `
${ends}
${volumes}
containers:
- name: main
  image: ${testImage}
  env: [{name: LOG, value: /host/probed}]
  ${host}
  startupProbe: {grpc: {port: 9090}, periodSeconds: 1, failureThreshold: 60}
  readinessProbe: {httpGet: {scheme: HTTPS, port: 8443, path: /ready}, periodSeconds: 1}
  livenessProbe: {httpGet: {port: 8080, path: '/needs?header=x-probe', httpHeaders: [{name: X-Probe, value: 'yes'}, {name: Host, value: probed.example}]}, periodSeconds: 1, timeoutSeconds: 10}`),
    pod('grpc-down', `
${ends}
containers:
- {name: main, image: '${testImage}', readinessProbe: {grpc: {port: 9090, service: down}, periodSeconds: 1, timeoutSeconds: 5}}`),
    pod('unprobed-grace', `
terminationGracePeriodSeconds: 600
containers:
- {name: main, image: '${testImage}', args: [stubborn], livenessProbe: {exec: {command: [test, -f, /tmp/never]}, terminationGracePeriodSeconds: 1, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 1}}`),
    pod('never-started', `
terminationGracePeriodSeconds: 600
containers:
- {name: main, image: '${testImage}', args: [stubborn], startupProbe: {tcpSocket: {port: 1}, terminationGracePeriodSeconds: 1, periodSeconds: 1, failureThreshold: 2}}`),
    pod('gated', `
${ends}
readinessGates: [{conditionType: example.com/ready}]
containers: [{name: main, image: '${busybox}', command: [sleep, '3600']}]`),
    pod('words-in-log', `
restartPolicy: Never
containers:
- {name: fails, image: '${busybox}', command: ${shell('echo one; echo the last words; exit 1')}, terminationMessagePolicy: FallbackToLogsOnError}
- {name: works, image: '${busybox}', command: ${shell('echo not told')}, terminationMessagePolicy: FallbackToLogsOnError}
- {name: own, image: '${busybox}', command: ${shell('echo in the log; echo in the file > /dev/own; exit 1')}, terminationMessagePath: /dev/own, terminationMessagePolicy: FallbackToLogsOnError}`),
    pod('done', `
restartPolicy: Never
containers: [{name: main, image: '${busybox}', command: ${shell('exit 0')}}]`),
    pod('signalled', `
restartPolicy: Never
containers:
- {name: killed, image: '${testImage}', args: [wait]}
- {name: asked, image: '${testImage}', args: [wait]}`),
    pod('conditions', `
${ends}
initContainers: [{name: before, image: '${busybox}', command: ${shell('until [ -f /work/go ]; do sleep 0.1; done')}, volumeMounts: [{name: work, mountPath: /work}]}]
containers: [{name: main, image: '${busybox}', command: [sleep, '3600'], readinessProbe: {exec: {command: [test, -f, /work/ready]}, periodSeconds: 1, failureThreshold: 1}, volumeMounts: [{name: work, mountPath: /work}]}]
volumes: [{name: work, emptyDir: {}}]`),
  ].join('');
};

/** A Pod of the node's own. */
export const staticPod = (value: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: own, labels: {app: own}}
spec:
  ${ends}
  containers: [{name: main, image: '${busybox}', command: [sleep, '3600'], env: [{name: VALUE, value: '${value}'}]}]
`;

/** Hears no signal, and has ten minutes. */
export const deaf = pod('deaf', `
terminationGracePeriodSeconds: 600
containers: [{name: main, image: '${testImage}', args: [stubborn]}]`);
