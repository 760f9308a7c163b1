// Ports of a Pod's containers that say the same twice, or may be taken to. (upstream: pkg/api/pod/warnings.go)
import { index } from '../../apimachinery/fault.ts';
import type { ContainerPort } from './container-port.ts';

interface Port { readonly port: ContainerPort; readonly path: string }
const hostOf = ({ hostIP = '', hostPort = 0 }: ContainerPort): readonly [ip: string, port: number] => [hostIP, hostPort];

function clash(a: ContainerPort, b: ContainerPort): string | undefined {
  const [[ip, port], [otherIP, otherPort]] = [hostOf(a), hostOf(b)];
  if (ip === otherIP && port === otherPort) return 'duplicate port definition with';
  if (port === 0 || otherPort === 0) return 'overlapping port definition with';
  return port === otherPort && (ip === '') !== (otherIP === '') ? 'dangerously ambiguous port definition with' : undefined;
}

/** Warnings about the ports of all containers; `path` is that of the list. */
export function portWarnings(containers: readonly { readonly ports: readonly ContainerPort[]; readonly path: string }[]): string[] {
  const before = new Map<string, Port[]>();
  return containers.flatMap(({ ports, path }) => ports.flatMap((port, i) => {
    const at = index(path, i);
    const [hostIP, hostPort] = hostOf(port);
    const same = `${port.containerPort}/${port.protocol}`;
    const others = before.get(same) ?? [];
    before.set(same, [...others, { port, path: at }]);
    return [
      // Upstream shows the port as Go does.
      ...(hostIP !== '' && hostPort === 0 ? [`${at}: hostIP set without hostPort: {Name:${port.name ?? ''} HostPort:0 ContainerPort:${port.containerPort} Protocol:${port.protocol} HostIP:${hostIP}}`] : []),
      ...others.flatMap((other) => { const words = clash(port, other.port); return words === undefined ? [] : [`${at}: ${words} ${other.path}`]; }),
    ];
  }));
}
