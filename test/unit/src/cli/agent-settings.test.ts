// What is set of an agent: asked for now, known from before, handed on as flags.
import { agentSettings, type AgentSettings } from '../../../../src/cli/agent-settings.ts';

it.each([
  ['nothing', {}, undefined, {}],
  ['what is asked for', { evictionHard: '', containerLogMaxFiles: 2 }, { evictionHard: 'memory.available<1Gi' }, { evictionHard: '', containerLogMaxFiles: 2 }],
  ['what is known', {}, { containerLogMaxSize: '1Mi' }, { containerLogMaxSize: '1Mi' }],
  ['no more than settings', { dataDir: '/x' }, { nodeName: 'n' }, {}],
])('keeps %s', (_what, asked, known, kept) => { expect(agentSettings.merge(asked as AgentSettings, known as AgentSettings | undefined)).toEqual(kept); });

it('hands the agent what is set, and no more', () => {
  expect(agentSettings.arguments({})).toEqual([]);
  expect(agentSettings.arguments({ evictionHard: '', containerLogMaxSize: '1Mi', containerLogMaxFiles: 3, drainWait: 0, serializeImagePulls: true, imageGcAll: false })).toEqual(['--eviction-hard', '', '--image-gc-all', 'false', '--serialize-image-pulls', 'true', '--container-log-max-size', '1Mi', '--container-log-max-files', '3', '--drain-wait', '0']);
});

it('tells what a running agent was started with', () => {
  const changes = agentSettings.changes({ containerLogMaxFiles: 3, imageGcAll: false }, { evictionHard: 'memory.available<1Gi', containerLogMaxFiles: 2, imageGcAll: true });
  expect(changes.filter(([, asked, known]) => asked !== undefined || known !== 'the defaults')).toEqual([
    ['--eviction-hard', undefined, 'memory.available<1Gi'], ['--image-gc-all', 'false', 'true'], ['--container-log-max-files', '3', '2'],
  ]);
});
