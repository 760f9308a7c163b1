// Runs the transport's contract in memory and over HTTP, each on a server of its own.
import { startHttpsApi } from '../support/api-server-https.ts';
import { settings, transportContract } from './transport.ts';

transportContract('in memory', async () => {
  const api = await startHttpsApi(settings);
  return { transport: api.memory('kubernetes-admin', 'system:masters'), stranger: api.memory('jane'), dispose: () => api.stop() };
});

transportContract('over HTTP', async () => {
  const api = await startHttpsApi(settings);
  return { transport: api.transport(api.admin), stranger: api.transport(await api.access('jane', [])), dispose: () => api.stop() };
});
