const cwd = new URL("../../", import.meta.url);

/** A cell in the runner's JSON. */
export interface JsonCell {
  id: string;
  verdict: string;
  runs: { reason?: string }[];
}

/**
 * The verdicts of the small lab, beside other programs. See `mutant_run.ts` for
 * which of its cells there are.
 */
export async function verdictsOf(
  seed: number,
  load: number,
  which: "even" | "odd" | "hangs",
): Promise<Map<string, JsonCell>> {
  console.log(`seed ${seed}, ${load} busy programs`);
  const { stdout } = await new Deno.Command("deno", {
    args: [
      ...["run", "--no-check", "--no-prompt", "--allow-run=deno"],
      ...["--allow-sys=cpus", "--allow-read=.", "tests/support/mutant_run.ts"],
      ...[`${seed}`, `${load}`, which],
    ],
    ...{ cwd, stdin: "null", stderr: "null" },
  }).output();
  const { labs } = JSON.parse(new TextDecoder().decode(stdout));
  const cells: JsonCell[] = labs[0].cells;
  return new Map(cells.map((cell) => [cell.id.split(":")[1], cell]));
}
