// The directory in which plugins and the node find each other's sockets.
// upstream: k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/constants.go (DevicePluginPath, KubeletSocket)
import { rm, rmdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

export const pluginsDirectory = '/var/lib/kubelet/device-plugins';
/** On which the node takes plugins in. */
export const registrationSocket = 'kubelet.sock';

/** Whether someone listens on the socket. */
export const answers = (path: string): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(path);
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});

/** Takes away what an agent that has ended left: a socket nobody listens on, and of the default directory what holds nothing else. */
export async function removeRegistration(directory: string): Promise<void> {
  const path = join(directory, registrationSocket);
  if (!(await answers(path))) await rm(path, { force: true });
  if (directory !== pluginsDirectory) return;
  for (const empty of [directory, dirname(directory)]) {
    await rmdir(empty).catch((error: NodeJS.ErrnoException) => {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error;
    });
  }
}
