// kubectl of two ages with a custom resource: apply in both ways, get, explain, patch, scale, wait, delete.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfig } from '../../src/client/kubeconfig.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';
import { describeKubectls } from '../support/kubectl.ts';

let api: HttpsApi;
let directory: string;
beforeAll(async () => {
  api = await startHttpsApi({ openApi: true, controllers: true });
  directory = mkdtempSync(join(tmpdir(), 'dray-custom-'));
  writeFileSync(join(directory, 'config'), kubeconfig(api.admin, { cluster: 'test', user: 'admin' }));
});
afterAll(async () => {
  await api?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const definition = (group: string): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    schema:
      openAPIV3Schema:
        type: object
        description: A job at a time.
        properties:
          spec:
            type: object
            description: What is wanted.
            required: [cronSpec]
            properties:
              cronSpec: {type: string, description: When., pattern: '^(\\S+ ){4}\\S+$'}
              replicas: {type: integer, default: 1, minimum: 0}
              env:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, required: [name], properties: {name: {type: string}, value: {type: string}}}
          status:
            type: object
            properties: {replicas: {type: integer}, selector: {type: string}}
`;
const object = (group: string, spec: string, name = 'mine'): string => `apiVersion: ${group}/v1\nkind: CronTab\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

describeKubectls(['1.27', '1.33'], (version, path) => {
  const group = `v${version.replace('.', '-')}.example.com`;

  async function kubectl(args: readonly string[], input?: string): Promise<{ code: number; out: string; err: string }> {
    const child = spawn(path, ['--kubeconfig', join(directory, 'config'), '--cache-dir', join(directory, `cache-${version}`), ...args]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString(); });
    child.stdin.end(input ?? '');
    const [code] = await once(child, 'close') as [number];
    return { code, out, err };
  }
  const good = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, out, err } = await kubectl(args, input);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return out.trim();
  };

  it('goes from the definition to the last object', async () => {
    expect(await good(['apply', '-f', '-'], definition(group))).toBe(`customresourcedefinition.apiextensions.k8s.io/crontabs.${group} created`);
    expect(await good(['wait', '--for=condition=Established', `crd/crontabs.${group}`, '--timeout=20s'])).toContain('condition met');
    expect(await good(['api-resources', `--api-group=${group}`, '--no-headers'])).toMatch(/^crontabs\s+ct\s+v[\d-]+\.example\.com\/v1\s+true\s+CronTab$/);
    const explained = await good(['explain', 'ct.spec', `--api-version=${group}/v1`]);
    expect(explained).toContain('What is wanted.');
    expect(explained).toMatch(/cronSpec\s+<string>/);

    expect(await good(['apply', '-f', '-'], object(group, '{cronSpec: "* * * * 5", env: [{name: a, value: "1"}]}'))).toBe(`crontab.${group}/mine created`);
    expect(await good(['apply', '-f', '-'], object(group, '{cronSpec: "* * * * 6", env: [{name: a, value: "1"}]}'))).toBe(`crontab.${group}/mine configured`);
    expect(await good(['get', 'ct', 'mine', '--no-headers'])).toMatch(/^mine\s+\* \* \* \* 6\s+1$/);
    expect(await good(['get', 'all', '-o', 'name'])).toContain(`crontab.${group}/mine`);

    expect(await good(['patch', 'crontab', 'mine', '--type=merge', '-p', '{"spec":{"replicas":2}}'])).toBe(`crontab.${group}/mine patched`);
    const strategic = await kubectl(['patch', 'crontab', 'mine', '-p', '{"spec":{"replicas":3}}']);
    expect([strategic.code, strategic.err]).toEqual([1, expect.stringMatching(/strategic merge patch is not supported|unknown format/)]);
    expect(await good(['scale', 'crontab/mine', '--replicas=4'])).toBe(`crontab.${group}/mine scaled`);
    expect(await good(['get', 'crontab', 'mine', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}'])).toBe('4 4');
    const serverSide = (manager: string, spec: string): Promise<string> => good(['apply', '--server-side', `--field-manager=${manager}`, '-f', '-'], object(group, spec, 'ssa'));
    expect(await serverSide('one', '{cronSpec: "* * * * 7", env: [{name: a, value: "1"}]}')).toBe(`crontab.${group}/ssa serverside-applied`);
    await serverSide('two', '{env: [{name: b, value: "2"}]}');
    expect(await good(['get', 'crontab', 'ssa', '-o', 'jsonpath={.spec.env[*].name}'])).toBe('a b');

    const wrong = await kubectl(['apply', '-f', '-'], object(group, '{cronSpec: "never", replicass: 1}'));
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('unknown field "spec.replicass"')]);
    const faulty = await kubectl(['create', '-f', '-'], object(group, '{cronSpec: never}', 'bad'));
    expect(faulty.err).toContain(`The CronTab "bad" is invalid: spec.cronSpec: Invalid value: "never": spec.cronSpec in body should match '^(\\S+ ){4}\\S+$'`);

    expect(await good(['delete', 'crontab', 'mine'])).toContain('"mine" deleted');
    expect(await good(['delete', 'crd', `crontabs.${group}`])).toMatch(/deleted/);
    expect((await kubectl(['get', 'crontabs', '--cache-dir', join(directory, `fresh-${version}`)])).err).toContain('the server doesn\'t have a resource type "crontabs"');
  });
});
