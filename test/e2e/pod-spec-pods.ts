// The Pods of pod-spec.test.ts, all applied at once: each asks for a part of what a Pod's spec can ask a node for.
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';

export const [busybox, nginx] = [DEMO_BUSYBOX, DEMO_NGINX[0]];
/** Of a user of its own, whom it names and does not number. */
export const userImage = 'dray.local/user:1';
/** A second runtime, which the engine of the test has under this name. */
export const otherRuntime = 'other';
export const hostPorts = { tcp: 28_081, loopback: 28_082, udp: 28_083, onHost: 28_084 };
/** A system call this profile forbids fails as one a user may not make. */
export const noMkdir = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] };
/** With those of the cluster more than a resolver takes. */
export const manySearches = Array.from({ length: 30 }, (_, i) => `s${i}.example`);
export const longName = 'a-name-that-is-too-long-with-its-domain';

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);
const idle = '[sleep, "3600"]';
const pod = (name: string, spec: string): string => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec: {terminationGracePeriodSeconds: 1, ${spec}}
`;
/** A Pod of one container that waits. */
const one = (name: string, container: string, spec = '', image = busybox): string => pod(name, `${spec} containers: [{name: main, image: '${image}', command: ${idle}, ${container}}]`);

/** A volume of this node that is a device, and a claim for it. */
const device = (name: string, path: string, node: string): string => `---
apiVersion: v1
kind: PersistentVolume
metadata: {name: ${name}}
spec:
  volumeMode: Block
  capacity: {storage: 1Mi}
  accessModes: [ReadWriteOnce]
  storageClassName: ''
  local: {path: ${path}}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [${node}]}]}]}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {volumeMode: Block, volumeName: ${name}, storageClassName: '', accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`;
/** One container may write, the other read alone. */
const withDisk = (claim: string): string => pod(claim, `volumes: [{name: disk, persistentVolumeClaim: {claimName: ${claim}}}, {name: disk-ro, persistentVolumeClaim: {claimName: ${claim}, readOnly: true}}],
  containers: [{name: main, image: '${busybox}', command: ${idle}, volumeDevices: [{name: disk, devicePath: /dev/xvda}]}, {name: reader, image: '${busybox}', command: ${idle}, volumeDevices: [{name: disk-ro, devicePath: /dev/xvdb}]}]`);

/** `disk` is a block device of the machine, if it has one to spare. */
export const manifest = (node: string, disk: string | undefined): string => `
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: other}
handler: ${otherRuntime}
overhead: {podFixed: {cpu: 100m, memory: 32Mi}}
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: nowhere}
handler: nowhere
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue, size: big}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Service
metadata: {name: sub}
spec: {clusterIP: None, selector: {app: names}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: linked}
spec: {selector: {app: names}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: names, labels: {app: names}}
spec:
  terminationGracePeriodSeconds: 1
  hostname: short
  subdomain: sub
  setHostnameAsFQDN: true
  enableServiceLinks: false
  dnsPolicy: None
  dnsConfig: {nameservers: [10.1.2.3, 10.1.2.4], searches: [one.example, two.example], options: [{name: ndots, value: '2'}, {name: edns0}]}
  containers:
  - name: main
    image: ${busybox}
    command: ${shell('echo "$0 | $1 | $PWD"; exec sleep 3600')}
    workingDir: /tmp
    args: ['$(CM_color) is $(NONE)', '$$(CM_color) costs $$$$']
    resources: {requests: {cpu: 100m, memory: 33000Ki}, limits: {cpu: 250m, memory: 64000001}}
    envFrom: [{prefix: CM_, configMapRef: {name: settings}}, {prefix: SEC_, secretRef: {name: keys}}, {prefix: NO_, configMapRef: {name: none, optional: true}}]
    env:
    - {name: MILLIS, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
    - {name: CORES, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: MEGABYTES, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
    - {name: OTHERS, valueFrom: {resourceFieldRef: {containerName: beside, resource: requests.cpu, divisor: 1m}}}
    - {name: ESCAPED, value: '$$(CM_color) $(CM_color) $$$$ $(NONE) $(LATER)'}
    - {name: LATER, value: $(SEC_password)}
  - {name: beside, image: '${busybox}', command: ${idle}, resources: {requests: {cpu: 20m}}}
${one('names-long', '', `hostname: ${longName}, subdomain: sub, setHostnameAsFQDN: true,`)}${
one('dns-default', '', 'dnsPolicy: Default, dnsConfig: {searches: [more.example]},')}${
pod('host', `hostNetwork: true, hostPID: true, hostIPC: true, dnsPolicy: ClusterFirstWithHostNet,
  containers: [{name: main, image: '${busybox}', command: ${shell(`mkdir /www; echo on the host > /www/index.html; exec httpd -f -p ${hostPorts.onHost} -h /www`)}, ports: [{containerPort: ${hostPorts.onHost}}]}]`)}${
pod('ports', `containers: [{name: main, image: '${nginx}', ports: [{containerPort: 80, hostPort: ${hostPorts.tcp}}, {name: local, containerPort: 80, hostPort: ${hostPorts.loopback}, hostIP: 127.0.0.1}, {containerPort: 5353, hostPort: ${hostPorts.udp}, protocol: UDP}]}]`)}${
pod('shared', `shareProcessNamespace: true, containers: [{name: main, image: '${busybox}', command: [sleep, '3661']}, {name: beside, image: '${busybox}', args: [sleep, '3662']}]`)}---
apiVersion: v1
kind: Pod
metadata: {name: secure}
spec:
  terminationGracePeriodSeconds: 1
  securityContext:
    runAsUser: 1000
    runAsGroup: 3000
    runAsNonRoot: true
    fsGroup: 2000
    supplementalGroups: [4000]
    seccompProfile: {type: RuntimeDefault}
    sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: '1'}, {name: kernel.shm_rmid_forced, value: '1'}, {name: net/ipv4/tcp_keepalive_time, value: '77'}]
  containers:
  - {name: main, image: '${busybox}', command: ${idle}, securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
  - {name: able, image: '${busybox}', command: ${idle}, securityContext: {runAsUser: 0, runAsNonRoot: false, seccompProfile: {type: Unconfined}, capabilities: {add: [NET_ADMIN, SYS_TIME], drop: [CHOWN, MKNOD]}}}
  - {name: own-profile, image: '${busybox}', command: ${idle}, securityContext: {runAsUser: 0, runAsNonRoot: false, seccompProfile: {type: Localhost, localhostProfile: no-mkdir.json}}}
${one('privileged', 'securityContext: {privileged: true}')}${
one('no-profile', 'securityContext: {seccompProfile: {type: Localhost, localhostProfile: none.json}}')}${
one('guarded', 'securityContext: {appArmorProfile: {type: RuntimeDefault}}')}${
one('root', 'securityContext: {runAsNonRoot: true}')}${
one('root-by-number', 'securityContext: {runAsNonRoot: true, runAsUser: 0}')}${
one('named-user', 'securityContext: {runAsNonRoot: true}', '', userImage)}${
one('other-group', '', 'securityContext: {runAsGroup: 4000, supplementalGroupsPolicy: Strict},', userImage)}${
one('unsafe-sysctl', '', 'securityContext: {sysctls: [{name: kernel.msgmax, value: "65536"}]},')}${
one('own-users', 'securityContext: {procMount: Unmasked}', 'hostUsers: false,')}${
pod('terminal', `dnsConfig: {searches: [${manySearches.join()}]}, containers: [{name: main, image: '${busybox}', stdin: true, tty: true, command: [sh]}]`)}${
pod('once', `restartPolicy: Never, containers: [{name: main, image: '${busybox}', stdin: true, stdinOnce: true, command: ${shell('cat; echo the end')}}]`)}${
one('walled', 'resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 500m, memory: 64Mi}}', 'runtimeClassName: other,')}${
one('nowhere', '', 'runtimeClassName: nowhere,')}${
pod('hungry', `restartPolicy: Never, containers: [{name: main, image: '${busybox}', resources: {limits: {memory: 16Mi}}, command: ${shell('exec tail /dev/zero')}}]`)}${
one('small', 'resources: {limits: {memory: 4Mi}}')}${
one('resized', 'resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: RestartContainer}], resources: {requests: {cpu: 50m, memory: 16Mi}, limits: {cpu: 100m, memory: 32Mi}}')}${
pod('no-program', `containers: [{name: main, image: '${busybox}', command: [/no/such/program]}]`)}${
pod('no-program-once', `restartPolicy: Never, containers: [{name: main, image: '${busybox}', command: [no-such-program]}]`)}${
pod('no-image-name', `containers: [{name: main, image: 'dray.local/UPPER:1'}]`)}${
pod('outside', `restartPolicy: Never, containers: [{name: main, image: '${busybox}', terminationMessagePath: /../../../dray-outside, command: ${shell('echo inside > /dray-outside')}}]`)}${
device('no-disk', '/dev/no-such-disk', node)}${withDisk('no-disk')}${disk === undefined ? '' : `${device('disk', disk, node)}${withDisk('disk')}`}`;
