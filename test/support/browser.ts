// Chromium without a window, driven through its DevTools pipe: for tests of what a person sees. Where none is installed, tests say so.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export const findChromium = (): string | undefined =>
  (process.env['PATH'] ?? '').split(':').flatMap((dir) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(dir, name))).find(existsSync);

export interface Page {
  /** What an expression is in the page; promises are waited for. @throws Error with what the page threw */
  evaluate<T>(expression: string): Promise<T>;
  /** Resolves with the expression's value as soon as it is truthy, looked at again at each change of the page. @throws Error with the page's text when it does not come true */
  until<T>(expression: string, timeoutMs?: number): Promise<T>;
  goto(url: string): Promise<void>;
  /** Presses the first button or link of this text. */
  press(text: string): Promise<void>;
  /** Writes into the field that a CSS selector finds, as a person would. */
  write(selector: string, text: string): Promise<void>;
  key(key: string, code: number): Promise<void>;
  resize(width: number, height: number, dark?: boolean): Promise<void>;
  screenshot(): Promise<Buffer>;
  /** What the page logged as an error, the browser's own words (security policy, failed requests) included. */
  readonly errors: readonly string[];
  readonly network: readonly { readonly url: string; readonly protocol: string; readonly status: number }[];
}
export interface Browser { readonly page: Page; stop(): Promise<void> }

interface Message { readonly id?: number; readonly method?: string; readonly params?: any; readonly result?: any; readonly error?: { message: string } }

/** `prefix`: what runs it, e.g. nsenter with its arguments. */
export async function startBrowser(chromium: string, prefix: readonly string[] = []): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'dray-browser-'));
  const [command, ...args] = [...prefix, chromium, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-extensions', '--ignore-certificate-errors', '--no-proxy-server', '--hide-scrollbars', `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'];
  const child = spawn(command!, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true });
  const exited = once(child, 'exit');
  const [input, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, { resolve(result: any): void; reject(error: Error): void }>();
  const errors: string[] = [];
  const network: { url: string; protocol: string; status: number }[] = [];
  let last = 0;
  let session: string | undefined;
  let rest = '';
  let onLoad = (): void => undefined;
  output.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0');
    rest = parts.pop()!;
    for (const part of parts) receive(JSON.parse(part) as Message);
  });
  input.on('error', () => undefined);
  void exited.then(() => { for (const { reject } of waiting.values()) reject(new Error('the browser ended')); });

  function receive({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const call = waiting.get(id);
      waiting.delete(id);
      if (error) call?.reject(new Error(error.message));
      else call?.resolve(result);
    } else if (method === 'Log.entryAdded' && params.entry.level === 'error') errors.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    else if (method === 'Runtime.exceptionThrown') errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    else if (method === 'Page.loadEventFired') onLoad();
    else if (method === 'Network.responseReceived') network.push({ url: params.response.url, protocol: params.response.protocol, status: params.response.status });
  }
  function send(method: string, params: object = {}): Promise<any> {
    const id = ++last;
    input.write(`${JSON.stringify({ id, method, params, ...(session ? { sessionId: session } : {}) })}\0`);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }
  async function evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as T;
  }
  const until = <T>(expression: string, timeoutMs = 60_000): Promise<T> => evaluate<T>(`new Promise((resolve, reject) => {
    let timer;
    const look = () => {
      let value;
      try { value = (${expression}); } catch { return; }
      if (!value) return;
      observer.disconnect();
      clearTimeout(timer);
      resolve(value);
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    timer = setTimeout(() => { observer.disconnect(); reject(new Error(${JSON.stringify(expression)} + ' did not come true on ' + location.hash.slice(0, 80) + ': ' + document.body.innerText.slice(0, 1500))); }, ${timeoutMs});
    look();
  })`);
  const page: Page = {
    evaluate, until, errors, network,
    async goto(url) {
      const loaded = new Promise<void>((resolve) => { onLoad = resolve; });
      const { loaderId, errorText } = await send('Page.navigate', { url });
      if (errorText) throw new Error(`${url}: ${errorText}`);
      // Another fragment of the same page loads nothing.
      if (loaderId) await loaded;
    },
    async press(text) {
      const find = `[...document.querySelectorAll('dialog button, button, a, [role=button]')].filter((e) => e.offsetParent !== null || e.closest('dialog')).find((e) => e.textContent.trim() === ${JSON.stringify(text)} && !e.disabled)`;
      await until(`${find} && true`);
      await evaluate(`${find}.click()`);
    },
    async write(selector, text) {
      await until(`document.querySelector(${JSON.stringify(selector)}) && true`);
      await evaluate(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.focus(); e.value = ${JSON.stringify(text)}; for (const t of ['input', 'change']) e.dispatchEvent(new Event(t, { bubbles: true })); })()`);
    },
    async key(key, code) { for (const type of ['keyDown', 'keyUp']) await send('Input.dispatchKeyEvent', { type, key, windowsVirtualKeyCode: code, ...(type === 'keyDown' && key === 'Enter' ? { text: '\r' } : {}) }); },
    async resize(width, height, dark = false) {
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 500 });
      await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
    },
    async screenshot() { return Buffer.from((await send('Page.captureScreenshot', { format: 'png' })).data as string, 'base64'); },
  };
  const { targetInfos } = await send('Target.getTargets');
  ({ sessionId: session } = await send('Target.attachToTarget', { targetId: targetInfos.find((t: { type: string }) => t.type === 'page').targetId, flatten: true }));
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  // Without a window nothing has the focus by itself.
  await send('Emulation.setFocusEmulationEnabled', { enabled: true });
  return {
    page,
    async stop() {
      // Its helpers are of its own process group.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
