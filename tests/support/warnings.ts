/** What is warned of while something runs, instead of printing it. */
export async function warningsOf(
  fn: () => Promise<unknown>,
): Promise<string[]> {
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (line) => warnings.push(line);
  try {
    await fn();
  } finally {
    console.warn = warn;
  }
  return warnings;
}
