// Makes the demo's local images (nginx v1 and v2, busybox) from Debian's packages and loads them: node scripts/images/build.js [--docker-host URL]
import { parseArgs } from 'node:util';
import { ensureDemoImages } from '../../dist/src/cli/demo-images.js';

const { values } = parseArgs({ options: { 'docker-host': { type: 'string' } } });
const dockerHost = values['docker-host'] ?? process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
try {
  const made = await ensureDemoImages({ dockerHost, progress: (step) => console.log(step) });
  console.log(made.length > 0 ? `loaded ${made.join(', ')}` : 'the images are there already');
} catch (error) {
  console.error(`scripts/images/build.js: ${error.message}`);
  process.exit(1);
}
