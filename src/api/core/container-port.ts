// Ports a container listens on, and the rules that span the ports of a container.
// upstream: pkg/apis/core/validation/validation.go, validateContainerPorts and AccumulateUniqueHostPorts
import { child, duplicate, index, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isValidPortName, isValidPortNum } from '../../apimachinery/names.ts';
import { int32, object, string, type FieldsValue } from '../../schema/schema.ts';

const portNumberFaults = (port: number, path: string): Fault[] => isValidPortNum(port).map((problem) => invalid(path, port, problem));

export const containerPort = object('ContainerPort', {
  name: string(1, { format: 'portName', doc: 'Name Services can refer to, unique in the Pod.' }),
  hostPort: int32(2, { doc: 'Port of the node that leads here; with hostNetwork it equals containerPort.' }),
  containerPort: int32(3, { required: true, unchecked: true, doc: 'Port number in the Pod, 1 to 65535.' }),
  protocol: string(4, { default: 'TCP', tellsDefault: true, enum: ['SCTP', 'TCP', 'UDP'], doc: 'TCP, UDP or SCTP.' }),
  hostIP: string(5, { doc: 'Node address the host port is bound to; all when empty.' }),
}, {
  doc: 'A port a container listens on.',
  validate: (port, path) => [
    ...(port.containerPort ? portNumberFaults(port.containerPort, child(path, 'containerPort')) : [required(child(path, 'containerPort'))]),
    ...(port.hostPort ? portNumberFaults(port.hostPort, child(path, 'hostPort')) : []),
  ],
});
export interface ContainerPort extends FieldsValue<typeof containerPort.fields> {}

/** A port name may be used once in a container. */
export function duplicatePortNames(ports: readonly { name?: string }[], path: string): Fault[] {
  const names = ports.map(({ name }) => name ?? '');
  return names.flatMap((name, i) => (name && isValidPortName(name).length === 0 && names.indexOf(name) < i ? [duplicate(child(index(path, i), 'name'), name)] : []));
}

/** A host port may be used once among containers that run at the same time. */
export function hostPortConflicts(containers: readonly { ports?: readonly ContainerPort[] }[], path: string): Fault[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, i) => ports.flatMap((port, j) => {
    if (!port.hostPort) return [];
    const text = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
    if (taken.has(text)) return [duplicate(child(index(child(index(path, i), 'ports'), j), 'hostPort'), text)];
    taken.add(text);
    return [];
  }));
}
