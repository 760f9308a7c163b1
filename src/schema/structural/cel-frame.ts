// How cel-go shows where something is in an expression. upstream: cel-go common/error.go

export function frame(expression: string, message: string, at: number): string {
  const before = expression.slice(0, at).split('\n');
  const column = before.at(-1)!.length;
  const line = expression.split('\n')[before.length - 1]!;
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${'.'.repeat(column)}^`;
}
