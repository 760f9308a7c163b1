// `dray status`: what runs, in a few lines a person reads at a glance. Exit code 1 when something does not.
import { readFileSync } from 'node:fs';
import { Nodes, type Node } from '../api/core/node.ts';
import { Pods } from '../api/core/pod.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { readKubeconfig } from '../client/kubeconfig.ts';
import { findCondition } from '../apimachinery/conditions.ts';
import { Cluster, type JoinRecord } from './cluster.ts';
import { runningPid, type Role } from './processes.ts';

function memoryOf(pid: number): string {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kb ? `${Math.round(Number(kb) / 1024)} MB` : '?';
}

type Print = (line: string) => void;
function printProcess(cluster: Cluster, role: Role, print: Print): boolean {
  const pid = runningPid(cluster, role);
  print(`${role.padEnd(8)} ${pid === undefined ? 'not running' : `running (pid ${pid}, ${memoryOf(pid)})`}`);
  return pid !== undefined;
}
function printNode(node: Node, print: Print): boolean {
  const ready = findCondition(node.status?.conditions as never, 'Ready')?.status === 'True';
  print(`node     ${node.metadata.name} ${ready ? 'Ready' : 'NotReady'}`);
  return ready;
}

/** Of a host whose master is elsewhere: what its node may see. */
async function joinedStatus(cluster: Cluster, { server, nodeName, dockerHost }: JoinRecord, print: Print): Promise<boolean> {
  const running = printProcess(cluster, 'agent', print);
  print(`engine   ${dockerHost}`);
  print(`master   ${server}`);
  const transport = new HttpTransport({ access: readKubeconfig(cluster.nodeKubeconfig(nodeName)), userAgent: 'dray' });
  try {
    const client = new Client(transport);
    const [node, pods] = await Promise.all([client.get(Nodes, { name: nodeName }), client.list(Pods, { fieldSelector: `spec.nodeName=${nodeName}` })]);
    const ready = printNode(node, print);
    print(`pods     ${pods.items.filter((p) => p.status?.phase === 'Running').length} of ${pods.items.length} running`);
    return running && ready;
  } catch (error) {
    print(`node     ${nodeName} unknown: ${(error as Error).message}`);
    return false;
  } finally {
    await transport.close();
  }
}

export async function status(options: { dataDir: string }): Promise<boolean> {
  const cluster = new Cluster(options.dataDir);
  const record = cluster.record();
  const joined = cluster.joined();
  const print: Print = (line) => { process.stdout.write(`${line}\n`); };
  if (joined) return joinedStatus(cluster, joined, print);
  if (!record) {
    print(`no cluster in ${cluster.dataDir}`);
    return false;
  }
  let healthy = true;
  for (const role of ['master', 'agent'] as const) if (!printProcess(cluster, role, print)) healthy = false;
  const { podCIDR, serviceCIDR, nodePortRange, vxlanPort } = record.ranges;
  print(`engine   ${record.dockerHost}`);
  print(`ranges   pods ${podCIDR}, services ${serviceCIDR}, node ports ${nodePortRange.from}-${nodePortRange.to}, VXLAN at UDP port ${vxlanPort}`);
  if (runningPid(cluster, 'master') === undefined) return false;
  const transport = new HttpTransport({ access: readKubeconfig(cluster.adminKubeconfig), userAgent: 'dray' });
  try {
    const client = new Client(transport);
    const [nodes, pods] = await Promise.all([client.list(Nodes), client.list(Pods)]);
    for (const node of nodes.items) if (!printNode(node, print)) healthy = false;
    const running = pods.items.filter((p) => p.status?.phase === 'Running').length;
    print(`pods     ${running} of ${pods.items.length} running`);
    print(`kubectl  export KUBECONFIG=${cluster.adminKubeconfig}`);
  } finally {
    await transport.close();
  }
  return healthy;
}
