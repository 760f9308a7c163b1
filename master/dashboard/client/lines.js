// Streams of the API, line by line: watch events and logs.
// @ts-check

/**
 * Whole lines without their ends; what a stream leaves unfinished is its last line.
 * @param {AsyncIterable<Uint8Array>} chunks
 * @returns {AsyncGenerator<string[]>} the lines of each chunk that completes any
 */
export async function* linesOf(chunks) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length) yield lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}

/**
 * A body's chunks; not every browser iterates over them by itself.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<Uint8Array>}
 */
export async function* chunksOf(body) {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}
