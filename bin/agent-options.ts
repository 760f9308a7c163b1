// What a person may set of an agent, whoever starts it: `dray up`, `dray join`, or `dray agent` by hand.
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseDuration } from '../src/apimachinery/duration.ts';
import { isQuantity, quantityValue } from '../src/apimachinery/quantity.ts';
import { parseNodeLabels, parseReserved, parseTaints } from '../src/api/core/node-flags.ts';

/** What does not parse is refused in the parser's words. */
function parsed<T>(read: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}
/** The text as it is written, once it parses. */
const checked = (read: (text: string) => unknown): ((text: string) => string) => parsed((text) => { read(text); return text; });

export const seconds = parsed((text) => Math.round(parseDuration(text) / 1000));
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('it must be a number of 0 or more');
  return value;
}
/** As upstream's kubelet takes it: a quantity of bytes. */
function logSize(text: string): string {
  if (!isQuantity(text) || quantityValue(text) < 1) throw new InvalidArgumentError('it must be a size such as 10Mi');
  return text;
}
/** `--flag`, `--flag true` or `--flag false`. */
const toggle = (flag: string, description: string): Option => new Option(`${flag} [boolean]`, description).preset('true').argParser((text) => {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('it must be true or false');
  return text === 'true';
});
function logFiles(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 2) throw new InvalidArgumentError('it must be a number greater than 1');
  return value;
}

const options = (): Option[] => [
  new Option('--proxy-mode <mode>', 'how Service traffic is carried (default: auto)').choices(['auto', 'http', 'relay', 'nftables']),
  new Option('--eviction-hard <thresholds>', 'when Pods are evicted at once, as for the kubelet (default: "memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%,imagefs.inodesFree<5%")'),
  new Option('--eviction-soft <thresholds>', 'when Pods are evicted after a grace period'),
  new Option('--eviction-soft-grace-period <periods>', 'for each soft threshold, memory.available=1m30s'),
  new Option('--eviction-minimum-reclaim <amounts>', 'how much more than a threshold is to be free again, nodefs.available=500Mi'),
  new Option('--eviction-max-pod-grace-period <seconds>', 'the most a Pod may take to end for a soft threshold (default: 0)'),
  new Option('--eviction-pressure-transition-period <duration>', 'how long a condition of pressure stays after its cause (default: 5m)'),
  new Option('--image-gc-high-threshold <percent>', "of Docker's disk in use, above which images nobody uses are removed (default: 85; 100 switches it off)"),
  new Option('--image-gc-low-threshold <percent>', 'down to which they are removed (default: 80)'),
  new Option('--minimum-image-ttl-duration <duration>', 'younger images stay (default: 2m)'),
  toggle('--image-gc-all', 'remove also images this agent has not pulled itself (default: false)'),
  new Option('--max-parallel-image-pulls <n>', 'images that are pulled at once (default: as many as are wanted)'),
  toggle('--serialize-image-pulls', 'pull one image after the other (default: false)'),
  new Option('--allowed-unsafe-sysctls <names>', 'kernel parameters beside the safe ones that Pods may set, kernel.msg*,net.core.somaxconn'),
  new Option('--system-reserved <amounts>', 'what is kept from Pods for the system, cpu=500m,memory=1Gi,ephemeral-storage=1Gi (default: nothing)').argParser(checked(parseReserved)),
  new Option('--kube-reserved <amounts>', 'the same for Docker and the agent (default: nothing)').argParser(checked(parseReserved)),
  new Option('--node-labels <labels>', 'labels the node is registered with, key=value,…').argParser(checked(parseNodeLabels)),
  new Option('--register-with-taints <taints>', 'taints the node is registered with, key=value:effect,…').argParser(checked(parseTaints)),
  new Option('--container-log-max-size <size>', 'largest size of a log file of a container, before it is rotated (default: 10Mi)').argParser(logSize),
  new Option('--container-log-max-files <n>', 'log files that are kept of a container (default: 5)').argParser(logFiles),
  new Option('--shutdown-grace-period <duration>', 'how long Pods may take to end before the machine goes down; 0s leaves them as they are (default: 0s)').argParser(checked(parseDuration)),
  new Option('--shutdown-grace-period-critical-pods <duration>', 'how much of it is for critical Pods, which end last (default: 0s)').argParser(checked(parseDuration)),
  new Option('--drain-wait <ms>', 'longest wait for the proxies before a Pod is told to stop (default: 2000)').argParser(amount),
  new Option('--device-plugins-dir <directory>', 'where device plugins register, as with the kubelet (default: /var/lib/kubelet/device-plugins)').argParser((directory) => resolve(directory)),
  new Option('--pod-manifest-path <directory>', 'directory of static Pods, one manifest a file').argParser((directory) => resolve(directory)),
];
export const withAgentSettings = (command: Command): Command => options().reduce((made, option) => made.addOption(option), command);
