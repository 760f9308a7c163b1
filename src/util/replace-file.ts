// Files that are read whole: whoever opens one sees the old text or the new one, also when the machine stops in between.
import { renameSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';

/** Puts `text` in the place of the file's, on disk when it resolves; only its owner may read it. What was begun before lies at `path`.new. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

/** The same for who cannot go on before it is done: commands, and a machine that goes down. */
export function replaceFileSync(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
