// What tests of the real kernel run, and a fresh machine may lack. As root on Debian they are installed once, before the tests:
// two files of tests would meet in the package lists. Elsewhere those tests say what they miss.
import { installPackages, isDebian } from '../../src/util/apt.ts';
import { run } from '../../src/util/run.ts';

const programs: Readonly<Record<string, string>> = { ip: 'iproute2', nft: 'nftables', iptables: 'iptables', conntrack: 'conntrack' };

export default async function installNetworkPrograms(): Promise<void> {
  if (process.getuid?.() !== 0 || !isDebian()) return;
  const packages: string[] = [];
  for (const [program, name] of Object.entries(programs)) await run(program, [program === 'ip' ? '-V' : '--version']).catch(() => packages.push(name));
  // Most tests need none of them: where nothing can be installed, those that do fail on their own.
  if (packages.length > 0) await installPackages(packages).catch((error: Error) => { console.warn(`without ${packages.join(', ')}: ${error.message}`); });
}
