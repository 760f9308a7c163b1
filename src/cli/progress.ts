// Steps as they happen: a live list on a terminal, plain lines otherwise.
export interface Step { readonly title: string; /** `say` shows what the step is doing now. The result replaces the title. */ readonly run: (say: (text: string) => void) => Promise<string | void> }

/** Runs the steps in order; the first failure ends it. Times are whole-command seconds. */
export async function runSteps(steps: readonly Step[], out: NodeJS.WriteStream = process.stdout): Promise<void> {
  if (!out.isTTY) {
    for (const { title, run } of steps) {
      const start = performance.now();
      const result = await run((text) => { out.write(`  ${text}\n`); });
      out.write(`${result ?? title} (${seconds(start)})\n`);
    }
    return;
  }
  // Only a terminal pays for the renderer. Signals are the command's: the renderer would end the process in the middle of a step.
  const { Listr } = await import('listr2');
  const tasks = new Listr(steps.map(({ title, run }) => ({
    title,
    task: async (_context: unknown, task: { title: string; output: string }) => {
      const start = performance.now();
      const result = await run((text) => { task.output = text; });
      task.title = `${result ?? title} (${seconds(start)})`;
    },
  })), { concurrent: false, registerSignalListeners: false, rendererOptions: { showErrorMessage: false } as never });
  await tasks.run();
}

const seconds = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
