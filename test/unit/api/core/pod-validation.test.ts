// Faults of new Pods, in Kubernetes' words. Each row changes a good Pod in one place.
import { Pods, type Pod } from '../../../../src/api/core/pod.ts';
import { PodTemplates } from '../../../../src/api/core/pod-template.ts';
import { validateObject } from '../../../../src/schema/validation.ts';
import { created, createFaults, texts } from '../writing.ts';

const image = 'nginx:1';
const one = { name: 'a', image };
const withContainer = (more: object) => ({ containers: [{ ...one, ...more }] });
const withVolume = (source: object) => ({ containers: [one], volumes: [{ name: 'v', ...source }] });
const c = 'spec.containers[0]';
const v = 'spec.volumes[0]';
const label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const searchDomain = subdomain.replace("characters, '-'", "characters, '_', '-'");
const value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const noName = ['name part must be non-empty', "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"];
const affinityTerm = (term: object) => ({ ...withContainer({}), affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...term }] } } });
const nodeTerms = (matchExpressions: object[]) => ({ nodeSelectorTerms: [{ matchExpressions }] });
const t = 'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]';

const table: readonly [string, spec: object, faults: string[]][] = [
  ['a good Pod', { containers: [one] }, []],
  ['no container', {}, ['spec.containers: Required value']],
  ['no image', { containers: [{ name: 'a' }] }, [`${c}.image: Required value`]],
  ['bad name', { containers: [{ name: 'A', image }] }, [`${c}.name: Invalid value: "A": ${label}`]],
  ['one name twice', { containers: [one, one] }, ['spec.containers[1].name: Duplicate value: "a"']],
  ['one name in two lists', { containers: [one], initContainers: [one] }, ['spec.initContainers[0].name: Duplicate value: "a"']],
  ['image with spaces', withContainer({ image: ' nginx' }), [`${c}.image: Invalid value: " nginx": must not have leading or trailing whitespace`]],
  ['unknown pull policy', withContainer({ imagePullPolicy: 'Sometimes' }), [`${c}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`]],
  ['unknown restart policy', { ...withContainer({}), restartPolicy: 'Often' }, ['spec.restartPolicy: Unsupported value: "Often": supported values: "Always", "OnFailure", "Never"']],
  ['no port number', withContainer({ ports: [{ name: 'http' }] }), [`${c}.ports[0].containerPort: Required value`]],
  ['port too high', withContainer({ ports: [{ containerPort: 70000 }] }), [`${c}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`]],
  ['port name twice', withContainer({ ports: [{ name: 'http', containerPort: 1 }, { name: 'http', containerPort: 2 }] }), [`${c}.ports[1].name: Duplicate value: "http"`]],
  ['host port twice', { containers: [{ ...one, ports: [{ containerPort: 1, hostPort: 80 }] }, { name: 'b', image, ports: [{ containerPort: 2, hostPort: 80 }] }] }, ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"']],
  ['host port differs', { ...withContainer({ ports: [{ containerPort: 1, hostPort: 2 }] }), hostNetwork: true }, [`${c}.ports[0].hostPort: Invalid value: 2: must match \`containerPort\` when \`hostNetwork\` is true`]],
  ['empty env source', withContainer({ env: [{ name: 'X', valueFrom: {} }] }), [`${c}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\` or \`secretKeyRef\``]],
  ['value and source', withContainer({ env: [{ name: 'X', value: 'y', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }), [`${c}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`]],
  ['label subscript is fine', withContainer({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }] }), []],
  ['field not for env', withContainer({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } }] }), [
    `${c}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
  ]],
  ['unknown field', withContainer({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] }), [`${c}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x`]],
  ['key without a name', withContainer({ env: [{ name: 'X', valueFrom: { secretKeyRef: { key: 'k' } } }] }), [`${c}.env[0].valueFrom.secretKeyRef.name: Invalid value: "": ${subdomain}`]],
  ['any printable variable', withContainer({ env: [{ name: '1 a.B~', value: 'x' }] }), []],
  ['a variable with an equals sign', withContainer({ env: [{ name: 'A=B', value: 'x' }] }), [`${c}.env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='`]],
  ['variables of no ConfigMap', withContainer({ envFrom: [{ configMapRef: {} }, { secretRef: { name: 'A' } }] }), [`${c}.envFrom[0].configMapRef.name: Required value`, `${c}.envFrom[1].secretRef.name: Invalid value: "A": ${subdomain}`]],
  ['envFrom without a source', withContainer({ envFrom: [{ prefix: 'P_' }] }), [`${c}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``]],
  ['mount of no volume', withContainer({ volumeMounts: [{ name: 'v', mountPath: '/x' }] }), [`${c}.volumeMounts[0].name: Not found: "v"`]],
  ['one path twice', { ...withVolume({}), containers: [{ ...one, volumeMounts: [{ name: 'v', mountPath: '/x' }, { name: 'v', mountPath: '/x' }] }] }, [`${c}.volumeMounts[1].mountPath: Invalid value: "/x": must be unique`]],
  ['sub path climbs', { ...withVolume({}), containers: [{ ...one, volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '../y' }] }] }, [`${c}.volumeMounts.subPath: Invalid value: "../y": must not contain '..'`]],
  ['propagation needs privilege', { ...withVolume({}), containers: [{ ...one, volumeMounts: [{ name: 'v', mountPath: '/x', mountPropagation: 'Bidirectional' }] }] }, [`${c}.volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`]],
  ['device of no claim', { ...withVolume({}), containers: [{ ...one, volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] }] }, [`${c}.volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`]],
  ['probe without a handler', withContainer({ readinessProbe: { periodSeconds: 5 } }), [`${c}.readinessProbe: Required value: must specify a handler type`]],
  ['probe with two handlers', withContainer({ readinessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 1 } } }), [`${c}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`]],
  ['liveness threshold', withContainer({ livenessProbe: { tcpSocket: { port: 'http' }, successThreshold: 2 } }), [`${c}.livenessProbe.successThreshold: Invalid value: 2: must be 1`]],
  ['negative period', withContainer({ livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: -1 } }), [`${c}.livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`]],
  ['readiness grace', withContainer({ readinessProbe: { tcpSocket: { port: 1 }, terminationGracePeriodSeconds: 5 } }), [`${c}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes`]],
  ['no port', withContainer({ livenessProbe: { httpGet: { path: '/' } } }), [`${c}.livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`]],
  ['hook sleeps too long', withContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }), [`${c}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`]],
  ['init container with a probe', { containers: [one], initContainers: [{ name: 'i', image, livenessProbe: { tcpSocket: { port: 1 } } }] }, ['spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always']],
  ['sidecar with a probe', { containers: [one], initContainers: [{ name: 'i', image, restartPolicy: 'Always', livenessProbe: { tcpSocket: { port: 1 } } }] }, []],
  ['init container that restarts otherwise', { containers: [one], initContainers: [{ name: 'i', image, restartPolicy: 'Never' }] }, ['spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"']],
  ['regular container that restarts', withContainer({ restartPolicy: 'Always' }), [`${c}.restartPolicy: Forbidden: may not be set for non-init containers`]],
  ['ephemeral container', { containers: [one], ephemeralContainers: [{ name: 'e', image }] }, ['spec.ephemeralContainers: Forbidden: cannot be set on create']],
  ['request over limit', withContainer({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }), [`${c}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`]],
  ['negative limit', withContainer({ resources: { limits: { cpu: '-1' } } }), [
    `${c}.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`, `${c}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
  ]],
  ['unknown resource', withContainer({ resources: { limits: { disk: '1' }, requests: { disk: '1' } } }), ['limits', 'requests'].flatMap((list) => [
    `${c}.resources.${list}[disk]: Invalid value: "disk": must be a standard resource type or fully qualified`, `${c}.resources.${list}[disk]: Invalid value: "disk": must be a standard resource for containers`,
  ])],
  ['half a device', withContainer({ resources: { limits: { 'example.com/gpu': '500m' } } }), [`${c}.resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer`, `${c}.resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer`]],
  ['huge pages alone', withContainer({ resources: { limits: { 'hugepages-2Mi': '4Mi' } } }), [`${c}.resources: Forbidden: HugePages require cpu or memory`]],
  ['privileged without escalation', withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }), [
    `${c}.securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
  ]],
  ['user id', withContainer({ securityContext: { runAsUser: -1 } }), [`${c}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`]],
  ['seccomp without a file', { ...withContainer({}), securityContext: { seccompProfile: { type: 'Localhost' } } }, ['spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost']],
  ['volume twice', { containers: [one], volumes: [{ name: 'v' }, { name: 'v' }] }, ['spec.volumes[1].name: Duplicate value: "v"']],
  ['two sources', withVolume({ emptyDir: {}, hostPath: { path: '/x' } }), [`${v}.hostPath: Forbidden: may not specify more than 1 volume type`]],
  ['secret volume without a name', withVolume({ secret: {} }), [`${v}.secret.secretName: Required value`]],
  ['mode', withVolume({ configMap: { name: 'x', defaultMode: 512 } }), [`${v}.configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive`]],
  ['absolute item', withVolume({ configMap: { name: 'x', items: [{ key: 'k', path: '/etc' }] } }), [`${v}.configMap.items[0].path: Invalid value: "/etc": must be a relative path`]],
  ['reserved item', withVolume({ secret: { secretName: 'x', items: [{ key: 'k', path: '..data' }] } }), [`${v}.secret.items[0].path: Invalid value: "..data": must not start with '..'`]],
  ['host path climbs', withVolume({ hostPath: { path: '/a/../b' } }), [`${v}.hostPath.path: Invalid value: "/a/../b": must not contain '..'`]],
  ['token too short', { ...withVolume({ projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 60 } }] } }), serviceAccountName: 'x' }, [`${v}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes`]],
  ['token without an account', withVolume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }), [`${v}.projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set`]],
  ['one file from two sources', withVolume({ projected: { sources: [{ secret: { name: 's', items: [{ key: 'k', path: 'f' }] } }, { configMap: { name: 'm', items: [{ key: 'k', path: 'f' }] } }] } }), [`${v}.projected: Invalid value: "m": conflicting duplicate paths`]],
  ['claim template without a size', withVolume({ ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } }), [`${v}.ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value`]],
  ['no nameserver', { ...withContainer({}), dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
  ['four nameservers', { ...withContainer({}), dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] } }, ['spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers']],
  ['deadline', { ...withContainer({}), activeDeadlineSeconds: 0 }, ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive']],
  ['grace', { ...withContainer({}), terminationGracePeriodSeconds: -1 }, ['spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0']],
  ['toleration without a key', { ...withContainer({}), tolerations: [{ effect: 'NoSchedule' }] }, ['spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"']],
  ['toleration seconds', { ...withContainer({}), tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 5 }] }, ["spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"]],
  ['toleration operator', { ...withContainer({}), tolerations: [{ key: 'k', operator: 'Like' }] }, ['spec.tolerations[0].operator: Unsupported value: "Like": supported values: "Equal", "Exists"']],
  ['affinity without terms', { ...withContainer({}), affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } }, ['spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term']],
  ['affinity weight', { ...withContainer({}), affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, preference: {} }] } } }, ['spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100']],
  ['Gt with two values', { ...withContainer({}), affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'Gt', values: ['1', '2'] }] }] } } } },
    ["spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"]],
  ['no topology key', { ...withContainer({}), affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } } }, ['spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty', ...noName.map((fault) => `spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": ${fault}`)]],
  ['spread twice', { ...withContainer({}), topologySpreadConstraints: Array.from({ length: 2 }, () => ({ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' })) }, ['spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, ScheduleAnyway}"']],
  ['spread skew', { ...withContainer({}), topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] }, ['spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero']],
  ['node and gate', { ...withContainer({}), nodeName: 'n', schedulingGates: [{ name: 'x/y' }] }, ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared']],
  ['shared processes', { ...withContainer({}), hostPID: true, shareProcessNamespace: true }, ['spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled']],
  ['user namespace and host network', { ...withContainer({}), hostNetwork: true, hostUsers: false }, ['spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false']],
  ['network sysctl on the host', { ...withContainer({}), hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }, ["spec.securityContext.sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true"]],
  ['mount of a volume with a fault', { ...withVolume({ hostPath: { path: '' } }), containers: [{ ...one, volumeMounts: [{ name: 'v', mountPath: '/x' }] }] }, [`${v}.hostPath.path: Required value`, `${c}.volumeMounts[0].name: Not found: "v"`]],
  ['mount of no name', withContainer({ volumeMounts: [{ mountPath: '/x' }], volumeDevices: [{ devicePath: '/y' }] }), [
    `${c}.volumeMounts[0].name: Required value`, `${c}.volumeDevices[0].name: Required value`, `${c}.volumeMounts[0].name: Not found: ""`, `${c}.volumeMounts[0].name: Invalid value: "": must not already exist in volumeDevices`,
    `${c}.volumeDevices[0].name: Not found: ""`, `${c}.volumeDevices[0].name: Invalid value: "": must not already exist in volumeMounts`,
  ]],
  ['a name that only a faulty volume had', { containers: [one], volumes: [{ name: 'v', secret: {} }, { name: 'v' }] }, [`${v}.secret.secretName: Required value`]],
  ['nfs without a path', withVolume({ nfs: { server: 's' } }), [`${v}.nfs.path: Required value`, `${v}.nfs.path: Invalid value: "": must be an absolute path`]],
  ['disk partition', withVolume({ gcePersistentDisk: { pdName: '', partition: 256 } }), [`${v}.persistentDisk.pdName: Required value`, `${v}.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive`]],
  ['iscsi names', withVolume({ iscsi: { targetPortal: 'h', iqn: 'x', lun: 0, initiatorName: 'iqn.x' } }), [`${v}.iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa`, `${v}.iscsi.initiatorname: Invalid value: "iqn.x": must be valid format`]],
  ['good iscsi names', withVolume({ iscsi: { targetPortal: 'h', iqn: 'iqn.2001-04.com.example:storage', lun: 0, initiatorName: 'eui.0123456789abcdef' } }), []],
  ['reserved options', withVolume({ flexVolume: { driver: 'd', options: { 'Kubernetes.io/x': '1', a: '2' } } }), [`${v}.flexVolume.options[Kubernetes.io/x]: Invalid value: "Kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved`]],
  ['csi volume of nobody', withVolume({ csi: { driver: '', nodePublishSecretRef: { name: 'A' } } }), [`${v}.csi.driver: Required value`, `${v}.csi.driver: Invalid value: "": ${subdomain}`, `${v}.csi.name: Invalid value: "A": ${subdomain}`]],
  ['downward file of both', withVolume({ downwardAPI: { items: [{ path: '', fieldRef: { fieldPath: 'metadata.name' }, resourceFieldRef: { containerName: 'a', resource: 'limits.cpu' } }] } }), [
    `${v}.downwardAPI.path: Required value`, `${v}.downwardAPI: Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously`]],
  ['token without a path', { ...withVolume({ projected: { sources: [{ serviceAccountToken: {} }, {}] } }), serviceAccountName: 'x' }, [`${v}.projected.path: Required value`]],
  ['two in one projection', withVolume({ projected: { sources: [{ secret: { name: 's' }, configMap: { name: '' } }] } }), [`${v}.projected.sources[0].configMap.name: Required value`, `${v}.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source`]],
  ['claim template with a name', withVolume({ ephemeral: { volumeClaimTemplate: { metadata: { name: 'x', labels: { a: '!' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } }), [
    `${v}.ephemeral.volumeClaimTemplate.metadata.labels: Invalid value: "!": ${value}`, `${v}.ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set`]],
  ['the claim of another volume', { containers: [one], volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } }, { name: 'w', persistentVolumeClaim: { claimName: 'x-v' } }] }, [
    'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "x-v": must not reference a PVC that gets created for an ephemeral volume']],
  ['search domains', { ...withContainer({}), dnsConfig: { searches: ['.', '_a.b_c.', 'A'] } }, [`spec.dnsConfig.searches[2]: Invalid value: "A": ${searchDomain}`]],
  ['a label value no node can have', { ...withContainer({}), affinity: { nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: nodeTerms([{ key: 'k', operator: 'In', values: ['a', '-'] }]),
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: nodeTerms([{ key: 'k', operator: 'In', values: ['-'] }]).nodeSelectorTerms[0] }],
  } } }, [`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[1]: Invalid value: "-": ${value}`]],
  ['label keys without a selector', affinityTerm({ matchLabelKeys: ['a b'] }), [`${t}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`]],
  ['one key in both lists', affinityTerm({ labelSelector: {}, matchLabelKeys: ['a'], mismatchLabelKeys: ['a'] }), [`${t}.matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys`]],
  ['a gate of no name', { ...withContainer({}), schedulingGates: [{ name: '' }] }, noName.map((fault) => `spec.schedulingGates[0]: Invalid value: "": ${fault}`)],
  ['sysctl', { ...withContainer({}), securityContext: { sysctls: [{ name: 'A', value: '1' }, { name: 'a.b', value: '1' }, { name: 'a/b', value: '1' }, { name: 'a.b', value: '1' }] } }, [
    'spec.securityContext.sysctls[3].name: Duplicate value: "a.b"', 'spec.securityContext.sysctls[0].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$']],
  ['all of /proc', withContainer({ securityContext: { procMount: 'Unmasked' } }), [`${c}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``]],
  ['all of /proc for nobody', { ...withContainer({ securityContext: { procMount: 'Unmasked' } }), hostUsers: false }, []],
  ['another system', { ...withContainer({}), os: { name: 'plan9' } }, ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"']],
  ['no system', { ...withContainer({}), os: {} }, ['spec.os.name: Required value: cannot be empty']],
  ['windows with settings of linux', { ...withContainer({ securityContext: { runAsUser: 1 } }), os: { name: 'windows' }, hostPID: true, securityContext: { fsGroup: 1 } }, [
    'spec.securityContext.fsGroup', 'spec.hostPID', `${c}.securityContext.runAsUser`].map((path) => `${path}: Forbidden: cannot be set for a windows pod`)],
  ['linux with settings of windows', { ...withContainer({ securityContext: { windowsOptions: {} } }), os: { name: 'linux' } }, [`${c}.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod`]],
  ['hosts entry', { ...withContainer({}), hostAliases: [{ ip: 'x' }] }, ['spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
];

it.each(table)('%s', (_name, spec, faults) => {
  expect(createFaults(Pods, { spec })).toEqual(faults);
});

it('a claim on a device that is none, where claims are kept', () => {
  const pod = created(Pods, { spec: { containers: [one] } });
  (pod['spec'] as Pod['spec']).containers[0]!.resources = { claims: [{ name: 'gpu' }] };
  expect(texts(validateObject(Pods, pod))).toEqual([`${c}.resources.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty`]);
});

it.each<[string, Record<string, string>, object, string[]]>([
  ['a mirror without a node', { 'kubernetes.io/config.mirror': 'x' }, {}, ['[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set']],
  ['a mirror', { 'kubernetes.io/config.mirror': 'x' }, { nodeName: 'n' }, []],
  ...['', '+1', '01', '1.5', '2147483648'].map((cost): [string, Record<string, string>, object, string[]] =>
    [`the cost ${cost}`, { 'controller.kubernetes.io/pod-deletion-cost': cost }, {}, [`[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "${cost}": must be a 32bit integer`]]),
  ['a cost', { 'controller.kubernetes.io/pod-deletion-cost': '-5' }, {}, []],
  ['seccomp', { 'seccomp.security.alpha.kubernetes.io/pod': 'x', 'container.seccomp.security.alpha.kubernetes.io/a': 'localhost/../x' }, {}, [
    ".container.seccomp.security.alpha.kubernetes.io/a: Invalid value: \"../x\": must not contain '..'", '.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "x": must be a valid seccomp profile']],
  ['AppArmor', { 'container.apparmor.security.beta.kubernetes.io/a': 'localhost/x', 'container.apparmor.security.beta.kubernetes.io/b': 'x' }, {}, [
    '[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: "b": container not found', '[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: "x": invalid AppArmor profile name: "x"']],
])('judges annotations: %s', (_name, annotations, more, faults) => {
  const spec = { containers: [one], ...more };
  expect(createFaults(Pods, { metadata: { annotations }, spec })).toEqual(faults.map((fault) => `metadata.annotations${fault}`));
  expect(createFaults(PodTemplates, { template: { metadata: { annotations }, spec } })).toEqual(faults.map((fault) => `template.annotations${fault}`));
});

it('judges templates by the same rules, and by their own', () => {
  expect(createFaults(PodTemplates, { template: { metadata: { labels: { a: '!' } }, spec: { containers: [{ name: 'a' }], ephemeralContainers: [{ name: 'e', image }] } } })).toEqual([
    'template.spec.containers[0].image: Required value',
    expect.stringMatching(/^template\.labels: Invalid value: "!": a valid label must be/),
    'template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template',
  ]);
});
