// What express serves under /ui: the files of client/, and the browser's form of the YAML package. A Router is used without an
// application: it works on the requests of HTTP/1.1 and HTTP/2 alike, whose prototypes an application would replace.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import express, { type NextFunction, type Request, type Response } from 'express';

const files = join(import.meta.dirname, 'client');
const yaml = join(dirname(createRequire(import.meta.url).resolve('yaml/package.json')), 'browser', 'dist');

/** Own files only, nothing inline, no HTML made from text (Trusted Types), no page around or beside that can reach in. */
const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    "require-trusted-types-for 'script'", "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The page itself is kept nowhere; its parts are asked for again each time, and are not sent when they are the same. */
const caching = (response: ServerResponse, path: string): void => { response.setHeader('cache-control', path.endsWith('.html') ? 'no-store' : 'no-cache'); };
const text = (response: ServerResponse, status: number, body: string): void => {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(body);
};

function routes(): express.Router {
  const router = express.Router({ strict: true });
  const options = { cacheControl: false, redirect: false, setHeaders: caching } as const;
  router.use((request: Request, response: Response, next: NextFunction) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    if (request.method === 'GET' || request.method === 'HEAD') return next();
    response.setHeader('allow', 'GET, HEAD');
    text(response, 405, '405 method not allowed\n');
  });
  // Relative addresses in the page need the slash.
  router.get('/ui', (_request: Request, response: Response) => {
    response.statusCode = 308;
    response.setHeader('location', '/ui/');
    response.end();
  });
  router.use('/ui/yaml', express.static(yaml, { ...options, index: false }));
  router.use('/ui', express.static(files, options));
  return router;
}
const router = routes();

/** Resolves when the answer is over. @throws what no file is to blame for */
export function servePages(request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once('close', resolve);
    router(request as Request, response as Response, (error?: unknown) => {
      if (error) reject(error as Error);
      else text(response, 404, '404 page not found\n');
    });
  });
}
