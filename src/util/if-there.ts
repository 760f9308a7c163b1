// Files that may not be there: that is an answer, and any other failure is not.

/** What a look at a file comes to; undefined where there is none. Every other failure is the caller's. */
export async function ifThere<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
