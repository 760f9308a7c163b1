// The containers of a Pod: regular and init containers, and the ephemeral ones that join a running Pod.
// upstream: staging/src/k8s.io/api/core/v1/types.go; pkg/apis/core/v1/defaults.go, SetDefaults_Container
import { child, duplicate, index, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { array, boolean, embed, field, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { containerPort, duplicatePortNames } from './container-port.ts';
import { envFromSource, envVar } from './env.ts';
import { defaultPullPolicy } from './image-name.ts';
import { lifecycle } from './lifecycle.ts';
import { probe } from './probe.ts';
import { resourceRequirementFaults, resourceRequirements } from './resources.ts';
import { securityContext } from './security-context.ts';
import { volumeDevice, volumeMount } from './volume-mount.ts';

const resizeResources = ['cpu', 'memory'];
const resizeRestarts = ['NotRequired', 'RestartContainer'];

export const containerResizePolicy = object('ContainerResizePolicy', {
  resourceName: string(1, { required: true, unchecked: true, doc: 'cpu or memory.' }),
  restartPolicy: string(2, { required: true, unchecked: true, doc: 'NotRequired changes it in place, RestartContainer restarts the container.' }),
}, { doc: 'What a change of a resource means for the container.' });

function resizePolicyFaults(policies: readonly { resourceName: string; restartPolicy: string }[], path: string): Fault[] {
  const oneOf = (value: string, allowed: readonly string[]): Fault[] =>
    value === '' ? [required(path)] : allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
  return policies.flatMap(({ resourceName, restartPolicy }, i) => [
    ...(policies.findIndex((other) => other.resourceName === resourceName) < i ? [duplicate(index(path, i), resourceName)] : []),
    ...oneOf(resourceName, resizeResources),
    ...oneOf(restartPolicy, resizeRestarts),
  ]);
}

/** Fields that containers and ephemeral containers have alike. */
const containerFields = {
  name: string(1, { required: true, format: 'dns1123Label', doc: 'Name of the container, unique in the Pod.' }),
  image: string(2, { doc: 'Image to run.' }),
  command: array(3, types.string, { listType: 'atomic', doc: 'Program to run instead of the image\'s entry point; $(NAME) stands for a variable.' }),
  args: array(4, types.string, { listType: 'atomic', doc: 'Arguments instead of the image\'s; $(NAME) stands for a variable.' }),
  workingDir: string(5, { doc: 'Directory to run in; the image\'s when empty.' }),
  ports: array(6, containerPort, {
    listType: 'map', keys: ['containerPort', 'protocol'], patchStrategy: 'merge', patchMergeKey: 'containerPort', validate: duplicatePortNames,
    doc: 'Ports the container listens on; others can be reached all the same.',
  }),
  envFrom: array(19, envFromSource, { listType: 'atomic', doc: 'ConfigMaps and Secrets whose entries become variables; env wins.' }),
  env: array(7, envVar, { listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'Environment variables.' }),
  resources: field(8, resourceRequirements, { written: true, doc: 'Compute resources to set aside and to allow.' }),
  resizePolicy: array(23, containerResizePolicy, { listType: 'atomic', validate: resizePolicyFaults, doc: 'What a change of each resource means for the container.' }),
  restartPolicy: string(24, { pointer: true, doc: 'Always on an init container makes it a sidecar that runs beside the others.' }),
  volumeMounts: array(9, volumeMount, { listType: 'map', keys: ['mountPath'], patchStrategy: 'merge', patchMergeKey: 'mountPath', doc: 'Volumes to mount.' }),
  volumeDevices: array(21, volumeDevice, { listType: 'map', keys: ['devicePath'], patchStrategy: 'merge', patchMergeKey: 'devicePath', doc: 'Raw block devices to show.' }),
  livenessProbe: field(10, probe, { doc: 'Restarts the container when it fails.' }),
  readinessProbe: field(11, probe, { doc: 'Takes the Pod out of Services while it fails.' }),
  startupProbe: field(22, probe, { doc: 'Holds the other probes back until it has succeeded once.' }),
  lifecycle: field(12, lifecycle, { doc: 'Hooks after the start and before the stop.' }),
  terminationMessagePath: string(13, { default: '/dev/termination-log', doc: 'File whose text becomes the termination message.' }),
  terminationMessagePolicy: string(20, {
    default: 'File', enum: ['File', 'FallbackToLogsOnError'],
    doc: 'File reads terminationMessagePath; FallbackToLogsOnError takes the last log lines when that is empty and the container failed.',
  }),
  imagePullPolicy: string(14, { enum: ['Always', 'IfNotPresent', 'Never'], doc: 'Always, IfNotPresent or Never; Always for the tag latest, else IfNotPresent.' }),
  securityContext: field(15, securityContext, { doc: 'Security settings; they win over the Pod\'s.' }),
  stdin: boolean(16, { doc: 'Keeps standard input open.' }),
  stdinOnce: boolean(17, { doc: 'Closes standard input after the first client has gone.' }),
  tty: boolean(18, { doc: 'Gives the container a terminal; needs stdin.' }),
};

function pullPolicyDefault(value: Record<string, any>): void {
  if (!value['imagePullPolicy']) value['imagePullPolicy'] = defaultPullPolicy((value['image'] as string | undefined) ?? '');
}

interface ContainerValue { readonly image?: string; readonly resources: FieldsValue<typeof resourceRequirements.fields> }
const containerFaults = ({ image, resources }: ContainerValue, path: string): Fault[] => [
  ...(image ? [] : [required(child(path, 'image'))]),
  ...resourceRequirementFaults(resources ?? {}, child(path, 'resources')),
];

export const container = object('Container', containerFields, {
  doc: 'One container of a Pod.', defaults: pullPolicyDefault, validate: containerFaults,
});
export interface Container extends FieldsValue<typeof container.fields> {}

const ephemeralContainerCommon = object('EphemeralContainerCommon', containerFields, { doc: 'What an ephemeral container shares with others.' });

export const ephemeralContainer = object('EphemeralContainer', {
  ...embed(1, ephemeralContainerCommon),
  targetContainerName: string(2, { doc: 'Container whose processes it shall see; the Pod\'s namespaces only when empty.' }),
}, {
  doc: 'A container added to a running Pod, for debugging; it is never restarted.', defaults: pullPolicyDefault, validate: containerFaults,
});
export interface EphemeralContainer extends FieldsValue<typeof ephemeralContainer.fields> {}

/** An init container that runs on beside the regular ones. */
export const isSidecar = (initContainer: { readonly restartPolicy?: string }): boolean => initContainer.restartPolicy === 'Always';
