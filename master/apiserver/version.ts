// The version this server reports. Clients compare major and minor with their own.
export const kubernetesVersion = { major: '1', minor: '33', gitVersion: 'v1.33.0+dray' };

export const versionInfo = (): Record<string, string> => ({
  ...kubernetesVersion, emulationMajor: '1', emulationMinor: '33', minCompatibilityMajor: '1', minCompatibilityMinor: '32',
  gitCommit: '', gitTreeState: 'clean', buildDate: '2026-11-23T00:00:00Z', goVersion: 'none', compiler: `node ${process.version}`, platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
});
