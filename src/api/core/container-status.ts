// What is known of each container of a Pod: its state, its last state, readiness, restarts.
import { array, boolean, field, int32, int64, map, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { resourceRequirements } from './resources.ts';

export const containerStateWaiting = object('ContainerStateWaiting', {
  reason: string(1, { doc: 'One word: why it does not run yet.' }),
  message: string(2, { doc: 'Text for people.' }),
}, { doc: 'A container that does not run yet.' });

export const containerStateRunning = object('ContainerStateRunning', {
  startedAt: time(1, { written: true, doc: 'When it was started.' }),
}, { doc: 'A container that runs.' });

export const containerStateTerminated = object('ContainerStateTerminated', {
  exitCode: int32(1, { required: true, unchecked: true, doc: 'Exit code of its first process.' }),
  signal: int32(2, { doc: 'Signal that ended it.' }),
  reason: string(3, { doc: 'One word: why it ended.' }),
  message: string(4, { doc: 'Text it left behind.' }),
  startedAt: time(5, { written: true, doc: 'When it was started.' }),
  finishedAt: time(6, { written: true, doc: 'When it ended.' }),
  containerID: string(7, { doc: 'Its ID, <runtime>://<id>.' }),
}, { doc: 'A container that has ended.' });
export interface ContainerStateTerminated extends FieldsValue<typeof containerStateTerminated.fields> {}

export const containerState = object('ContainerState', {
  waiting: field(1, containerStateWaiting, { doc: 'It does not run yet.' }),
  running: field(2, containerStateRunning, { doc: 'It runs.' }),
  terminated: field(3, containerStateTerminated, { doc: 'It has ended.' }),
}, { doc: 'One of waiting, running and terminated; waiting when none is given.' });
export interface ContainerState extends FieldsValue<typeof containerState.fields> {}

export const volumeMountStatus = object('VolumeMountStatus', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the mount.' }),
  mountPath: string(2, { required: true, unchecked: true, doc: 'Path in the container.' }),
  readOnly: boolean(3, { doc: 'True when mounted read-only.' }),
  recursiveReadOnly: string(4, { pointer: true, doc: 'Disabled or Enabled: whether mounts below are read-only too.' }),
}, { doc: 'How a volume is mounted.' });

export const resourceHealth = object('ResourceHealth', {
  resourceID: string(1, { required: true, unchecked: true, doc: 'ID of the device, unique in the resource.' }),
  health: string(2, { doc: 'Healthy, Unhealthy or Unknown.' }),
}, { doc: 'Health of one device.' });

export const resourceStatus = object('ResourceStatus', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the resource, or claim:<name>/<request>.' }),
  resources: array(2, resourceHealth, { listType: 'map', keys: ['resourceID'], doc: 'Health of each device.' }),
}, { doc: 'Health of the devices behind a resource.' });

export const linuxContainerUser = object('LinuxContainerUser', {
  uid: int64(1, { required: true, unchecked: true, doc: 'User id of the first process.' }),
  gid: int64(2, { required: true, unchecked: true, doc: 'Group id of the first process.' }),
  supplementalGroups: array(3, types.int64, { listType: 'atomic', doc: 'Further group ids of the first process.' }),
}, { doc: 'User and groups on Linux.' });

export const containerUser = object('ContainerUser', {
  linux: field(1, linuxContainerUser, { doc: 'User and groups on Linux.' }),
}, { doc: 'User the first process was started as.' });

export const containerStatus = object('ContainerStatus', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the container.' }),
  state: field(2, containerState, { written: true, doc: 'What it does now.' }),
  lastState: field(3, containerState, { written: true, doc: 'How the run before this one ended.' }),
  ready: boolean(4, { required: true, unchecked: true, doc: 'True when its readiness probe succeeds, or it has none and runs.' }),
  restartCount: int32(5, { required: true, unchecked: true, doc: 'How often it was restarted.' }),
  image: string(6, { required: true, unchecked: true, doc: 'Image it runs, as the runtime names it.' }),
  imageID: string(7, { required: true, unchecked: true, doc: 'ID of that image.' }),
  containerID: string(8, { doc: 'Its ID, <runtime>://<id>.' }),
  started: boolean(9, { pointer: true, doc: 'True when it runs, its postStart hook is through and its startup probe has succeeded.' }),
  allocatedResources: map(10, types.quantity, { doc: 'Resources the node has set aside.' }),
  resources: field(11, resourceRequirements, { doc: 'Resources in force.' }),
  volumeMounts: array(12, volumeMountStatus, { listType: 'map', keys: ['mountPath'], patchStrategy: 'merge', patchMergeKey: 'mountPath', doc: 'How its volumes are mounted.' }),
  user: field(13, containerUser, { doc: 'User the first process was started as.' }),
  allocatedResourcesStatus: array(14, resourceStatus, { listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'Health of its devices.' }),
  stopSignal: string(15, { pointer: true, doc: 'Signal that will stop it.' }),
}, { doc: 'What is known of one container.' });
export interface ContainerStatus extends FieldsValue<typeof containerStatus.fields> {}
