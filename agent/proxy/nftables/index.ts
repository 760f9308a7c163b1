// Whether the kernel carries Services on this node, by what `--proxy-mode` asks for and what the kernel can do.
import { installPackages, isDebian } from '../../../src/util/apt.ts';
import type { ProxyMode } from '../build-rules.ts';
import { KernelRules, type KernelRulesOptions } from './kernel.ts';
import { kernelFault, removeKernelRules } from './probe.ts';

const conntrack = ['conntrack'];

/** `installed` is told of packages that had to be installed. Undefined when the kernel does not carry Services; then nothing is left of a time when it did. @throws when the mode asks for nftables and it does not work */
export async function kernelRules(mode: ProxyMode, options: KernelRulesOptions, installed: (packages: readonly string[]) => void): Promise<KernelRules | undefined> {
  const { commands, log, table } = options;
  const wanted = mode === 'auto' || mode === 'nftables';
  const fault = wanted ? await kernelFault(commands) : undefined;
  if (wanted && fault === undefined) return new KernelRules({ ...options, ...(isDebian() ? { installConntrack: () => installPackages(conntrack).then(() => installed(conntrack)) } : {}) });
  if (mode === 'nftables') throw new Error(`--proxy-mode nftables does not work on this host: ${fault}`);
  if (fault !== undefined) log.warn({ fault }, 'nftables cannot carry Services here, the relay does');
  const present = (await commands.run('nft', ['list', 'tables'])).split('\n');
  if (present.includes(`table ip ${table}`)) await removeKernelRules(commands, table);
  return undefined;
}
