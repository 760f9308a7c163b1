// The web UI in a real browser, over a real cluster: what a person does there and sees. Where there is no Chromium it is installed, as
// root on Debian; elsewhere this is skipped.
import { installPackages, isDebian } from '../../src/util/apt.ts';
import { findChromium, startBrowser, type Browser, type Page } from '../support/browser.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { describeWhere } from '../support/test-where.ts';

if (!findChromium() && process.getuid?.() === 0 && isDebian()) await installPackages(['chromium']);
const chromium = findChromium();

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "dray.local/nginx:v1", ports: [{name: http, containerPort: 80}], readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: talker, annotations: {note: "<img src=x onerror=alert(1)>"}}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: "dray.local/busybox:1", command: [sh, -c, "echo '<b>bold</b>'; exec sleep 3600"]}]}
`;

describeWhere(chromium !== undefined, 'no chromium on the PATH', 'the web UI', () => {
  let cluster: TestCluster;
  let browser: Browser;
  let page: Page;
  let base: string;
  const text = "document.querySelector('main').innerText";
  const shows = (...words: string[]): Promise<unknown> => page.until(`${JSON.stringify(words)}.every((word) => ${text}.includes(word))`);
  const open = (hash: string): Promise<void> => page.goto(`${base}${hash}`);
  const pods = (): Promise<string> => cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'name');

  beforeAll(async () => {
    cluster = await startCluster();
    // A browser on a node would have to begin again with each Pod that changes the node's network.
    browser = await startBrowser(chromium!, ['nsenter', `--net=${await cluster.lan.onlooker()}`, '--']);
    ({ page } = browser);
    await page.resize(1280, 800);
  });
  afterAll(async () => {
    await browser?.stop();
    await cluster?.stop();
  });

  it('an address of `dray ui` signs in, and the token leaves the address', async () => {
    const { code, stdout } = await cluster.dray('ui');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^https:\/\/[\d.]+:6443\/ui\/#token=[\w.-]+\n$/)]);
    base = stdout.split('#')[0]!;
    await page.goto(base);
    await page.until("document.querySelector('form textarea')");
    await page.goto(stdout.trim());
    await shows('Overview', 'Nodes', cluster.hosts[0]!.name);
    expect(await page.evaluate('location.hash')).toBe('#/');
    expect(await page.evaluate("document.querySelector('.state.good').textContent")).toBe('Ready');
    expect([...new Set(page.network.map(({ protocol }) => protocol))]).toEqual(['h2']);
  });

  it('pasted YAML becomes objects, and the server\'s words say what is wrong with it', async () => {
    await open('#/create/default');
    await page.write('textarea.code', `${manifest}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: Upper}\n`);
    await page.press('Send');
    await shows('Deployment web applied', 'Service web applied', 'Pod talker applied', 'Invalid value: "Upper"');
    await page.press('Deployment web');
    await shows('deployment "web" successfully rolled out', 'dray.local/nginx:v1');
  });

  it('a roll-out is followed, and undone', async () => {
    await page.press('Set image');
    await page.write('dialog input', 'dray.local/nginx:v2');
    // Looked for before it begins: it does not stay.
    const waits = page.until(`${text}.includes('Waiting for deployment')`);
    await page.press('Set images');
    await waits;
    await shows('deployment "web" successfully rolled out', 'dray.local/nginx:v2', 'Undo to this');
    await page.press('Undo to this');
    await page.press('Undo');
    await page.until(`[...document.querySelectorAll('tr')].some((row) => row.innerText.includes('dray.local/nginx:v1') && row.innerText.includes('current'))`);
    await shows('deployment "web" successfully rolled out');
    expect(await cluster.kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe('dray.local/nginx:v1');
    await page.press('Scale');
    await page.write('dialog input', '1');
    await page.evaluate("document.querySelector('dialog button[type=submit]').click()");
    await page.until(`[...document.querySelectorAll('dt')].some((dt) => dt.textContent === 'Ready' && dt.nextSibling.textContent === '1/1')`);
    await cluster.kubectl('wait', 'deployment/web', '--for=jsonpath={.status.replicas}=1', '--timeout=60s');
  });

  it('a list follows the cluster', async () => {
    await open('#/list/-/v1/pods/default');
    await shows('talker', 'Running');
    await cluster.kubectl('run', 'late', '--image=dray.local/busybox:1', '--restart=Never', '--', 'true');
    await page.until("[...document.querySelectorAll('tbody tr')].some((row) => /^late\\s/.test(row.innerText) && row.querySelector('.state.done')?.textContent === 'Completed')");
    await cluster.kubectl('delete', 'pod', 'late');
    await page.until("![...document.querySelectorAll('tbody tr')].some((row) => row.innerText.startsWith('late'))");
    await page.write('input[type=search]', 'app=web');
    await page.until("document.querySelectorAll('tbody tr').length === 1");
    expect(await page.evaluate("document.querySelector('tbody a').textContent")).toBe((await pods()).trim().replace('pod/', ''));
  });

  it('a Service shows its endpoints, and an object is edited as text', async () => {
    await open('#/object/-/v1/services/default/web/summary');
    await page.until("[...document.querySelectorAll('section')].some((s) => s.querySelector('h2')?.textContent === 'Endpoints' && /ready/.test(s.innerText) && s.querySelector('a'))");
    await page.press('YAML');
    await page.until("document.querySelector('textarea.code')?.value.includes('clusterIP:')");
    const yaml = await page.evaluate<string>("document.querySelector('textarea.code').value");
    expect(yaml).not.toContain('managedFields');
    await page.write('textarea.code', yaml.replace('port: 80', 'port: 80000'));
    await page.press('Save');
    await shows('Invalid value: 80000: must be between 1 and 65535, inclusive');
    await page.write('textarea.code', yaml.replace('port: 80', 'port: 8080'));
    await page.press('Check');
    await shows('The server would accept this.');
    expect(await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].port}')).toBe('80');
    await page.press('Save');
    await page.until("document.getElementById('notices').innerText.includes('Service web saved.')");
    expect(await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].port}')).toBe('8080');
  });

  it('logs and commands are text, whatever they hold', async () => {
    await open('#/object/-/v1/pods/default/talker/logs');
    await page.until("document.querySelector('.log').textContent === '<b>bold</b>\\n'");
    await page.press('Terminal');
    await page.press('Run');
    await page.until("document.querySelector('input.code')?.disabled === false");
    await page.write('input.code', 'echo out $((40 + 2)); echo "<i>" >&2; exit 3');
    await page.key('Enter', 13);
    await shows('out 42', '<i>', 'command terminated with non-zero exit code: exit status 3');
    await page.press('Summary');
    await shows('Containers', 'Annotations');
    expect(await page.evaluate("document.querySelectorAll('main b, main i, main img').length - document.querySelectorAll('.chip b').length")).toBe(0);
  });

  it('custom resources need no code here', async () => {
    const version = { name: 'v1', served: true, storage: true, additionalPrinterColumns: [{ name: 'Wheels', type: 'integer', jsonPath: '.spec.wheels' }], schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { wheels: { type: 'integer' } } } } } } };
    await cluster.kubectlInput(JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'carts.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'carts', kind: 'Cart' }, versions: [version] } }), 'apply', '-f', '-');
    await cluster.kubectl('wait', 'crd/carts.example.com', '--for=condition=Established');
    await open('#/create/default');
    await page.write('textarea.code', '{"apiVersion": "example.com/v1", "kind": "Cart", "metadata": {"name": "red"}, "spec": {"wheels": 2}}');
    await page.press('Send');
    await shows('Cart red applied');
    await page.press('Carts');
    await page.until("[...document.querySelectorAll('tbody tr')].some((row) => /^red\\s+2$/.test(row.innerText))");
    await page.press('red');
    await page.press('Delete');
    await page.evaluate("document.querySelector('dialog button[type=submit]').click()");
    await shows('No carts in namespace default.');
  });

  it('fits a telephone, and is used with keys alone', async () => {
    await page.resize(360, 740, true);
    for (const hash of ['#/overview/default', '#/object/apps/v1/deployments/default/web/summary', '#/create/default', '#/object/-/v1/pods/default/talker/logs']) {
      await open(hash);
      await page.until("document.querySelector('h1') && !document.querySelector('main').innerText.includes('Loading…')");
      expect([hash, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([hash, 360]);
    }
    await page.evaluate("document.querySelector('.menu-button').focus()");
    await page.key('Enter', 13);
    await page.until("document.querySelector('.shell.open') && document.activeElement.closest('#menu')");
    await page.key('Escape', 27);
    await page.until("!document.querySelector('.shell.open')");
    await page.resize(1280, 800);
  });

  it('who may less sees less, in the server\'s words; signing out forgets the token', async () => {
    await page.press('Sign out');
    await page.until("document.querySelector('form textarea')");
    expect(await page.evaluate("JSON.stringify([sessionStorage.getItem('dray.token'), localStorage.length, document.cookie])")).toBe('[null,0,""]');
    await cluster.kubectl('create', 'serviceaccount', 'guest');
    await page.write('form textarea', await cluster.kubectl('create', 'token', 'guest'));
    await page.press('Sign in');
    await page.until("document.querySelector('#menu')");
    await open('#/list/-/v1/secrets/default');
    await shows('secrets is forbidden: User "system:serviceaccount:default:guest" cannot list resource "secrets" in API group "" in the namespace "default"');
    await cluster.kubectl('delete', 'serviceaccount', 'guest');
    await page.goto(base);
    await page.until("document.body.innerText.includes('The token is not, or no longer, valid.')");
    // What went wrong was answered by the API: nothing of the page's own, nothing that its policy had to forbid.
    expect(page.errors.filter((error) => !/^Failed to load resource: the server responded with a status of 4\d\d/.test(error))).toEqual([]);
  });
});
