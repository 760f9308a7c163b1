// The web UI at /ui, as the HTTP server takes it: nothing is loaded before somebody opens a page. The pages are a client of the
// API like any other: they are the same for everybody and hold no data, so they are given to who shows no credentials.
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Dashboard { readonly path: '/ui'; handle(request: IncomingMessage, response: ServerResponse): Promise<void> }

export function dashboard(): Dashboard {
  return {
    path: '/ui',
    async handle(request, response) {
      const { servePages } = await import('./pages.ts');
      await servePages(request, response);
    },
  };
}
