// The administrator's client of the cluster in a data directory, for commands that change the cluster.
import { StatusError } from '../apimachinery/status-error.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { readKubeconfig, type ClusterAccess } from '../client/kubeconfig.ts';
import { TransportError } from '../client/transport.ts';
import { Cluster, UsageError } from './cluster.ts';

export interface AdminOptions { readonly dataDir: string; readonly kubeconfig?: string }

/** Calls with the client and closes it. @throws UsageError when there is no cluster, or its master does not answer; Error with the API's own words */
export async function asAdmin<T>(options: AdminOptions, work: (client: Client) => Promise<T>): Promise<T> {
  let access: ClusterAccess;
  try {
    access = readKubeconfig(options.kubeconfig ?? new Cluster(options.dataDir).adminKubeconfig);
  } catch (error) {
    throw new UsageError(`${options.kubeconfig === undefined ? '--data-dir' : '--kubeconfig'}: ${(error as Error).message}`);
  }
  const transport = new HttpTransport({ access, userAgent: 'dray' });
  try {
    return await work(new Client(transport));
  } catch (error) {
    if (error instanceof TransportError) throw new UsageError(`the master at ${access.server} does not answer: ${error.message}`);
    throw error instanceof StatusError ? new Error(error.message, { cause: error }) : error;
  } finally {
    await transport.close();
  }
}
