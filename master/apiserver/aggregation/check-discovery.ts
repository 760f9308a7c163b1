// Whether an extension server answers where every one has to: the last of the checks its APIService's condition tells of.
// upstream: kube-aggregator pkg/controllers/status/remote/remote_available_controller.go
import type { APIService } from '../../../src/api/apiregistration/api-service.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Location } from '../proxy/location.ts';
import { Backend, reaching, type BackendOptions } from './backend.ts';
import { userHeaders } from './headers.ts';
import { aggregatorUser } from './remote-discovery.ts';

const patienceMs = 5_000;

/** Undefined when any of the ready endpoints answers well, else why the last did not. */
export async function checkDiscovery({ spec }: Pick<APIService, 'spec'>, options: BackendOptions, clock: Clock): Promise<string | undefined> {
  const backend = new Backend(spec, options);
  const path = `/apis/${spec.group}/${spec.version}`;
  let locations: Location[];
  try {
    locations = backend.locations();
  } catch (error) {
    return (error as Error).message;
  }
  const over = new AbortController();
  const failing = (url: string, why: string): string => `failing or missing response from ${url}: ${why}`;
  const urls = locations.map(({ address, port }) => `https://${address}:${port}${path}`);
  const faults: string[] = [];
  const attempts = locations.map(async (location, i) => {
    const url = urls[i]!;
    // Whoever answers counts, as upstream has it: what the certificate is worth is seen by each request.
    const response = await backend.get({ path, headers: userHeaders(aggregatorUser), signal: over.signal }, { location, unchecked: true }).catch((error: unknown) => {
      faults.push(failing(url, `Get ${JSON.stringify(url)}: ${(error as Error).message.replace(reaching, '')}`));
      throw error;
    });
    response.destroy();
    if (response.statusCode! >= 200 && response.statusCode! < 300) return;
    faults.push(failing(url, `bad status from ${url}: ${response.statusCode}`));
    throw new Error(faults.at(-1));
  });
  let cancel: (() => void) | undefined;
  const late = new Promise<string>((resolve) => { cancel = clock.after(patienceMs, () => resolve(faults.at(-1) ?? failing(urls[0]!, `Get ${JSON.stringify(urls[0])}: context deadline exceeded`))); });
  try {
    return await Promise.race([Promise.any(attempts).then(() => undefined, () => faults.at(-1)), late]);
  } finally {
    cancel?.();
    over.abort();
  }
}
