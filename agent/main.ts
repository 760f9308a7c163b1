export async function runAgent(_options: any, _signal: AbortSignal): Promise<void> { throw new Error('placeholder'); }
