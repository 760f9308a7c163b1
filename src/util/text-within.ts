/** All of a stream as text. @throws Error when it is longer than so many bytes */
export async function textWithin(stream: AsyncIterable<Uint8Array>, longest: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longest) throw new Error(`the answer is longer than ${longest} bytes`);
  }
  return Buffer.concat(chunks).toString();
}
