// What a person may set of a master, whoever starts it: `dray up`, or `dray master` by hand.
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { amount } from './agent-options.ts';

function share(text: string): number {
  const value = amount(text);
  if (value > 1) throw new InvalidArgumentError('it must be a number from 0 to 1');
  return value;
}

/** Upstream's kube-scheduler calls the first --config; kube-controller-manager has the others. */
const options = (): Option[] => [
  new Option('--scheduler-config <file>', "a KubeSchedulerConfiguration: profiles, their plugins and weights (default: upstream's)").argParser((file) => resolve(file)),
  new Option('--node-eviction-rate <number>', 'lost nodes a second whose Pods are evicted, in a zone that is healthy or lost as a whole (default: 0.1)').argParser(amount),
  new Option('--secondary-node-eviction-rate <number>', 'the same in a large zone that is unhealthy; small ones evict nothing then (default: 0.01)').argParser(amount),
  new Option('--unhealthy-zone-threshold <share>', 'share of nodes, of at least three, that are not Ready in an unhealthy zone (default: 0.55)').argParser(share),
  new Option('--large-cluster-size-threshold <n>', 'a zone of more nodes than this is large (default: 50)').argParser(amount),
];
export const withMasterSettings = (command: Command): Command => options().reduce((made, option) => made.addOption(option), command);
