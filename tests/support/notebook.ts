// Writes the notebook into an empty folder, runs it in Jupyter from top to
// bottom, with smaller counts, and prints it as JSON. With `written` it is not
// run; with `bare` the folder has no deno.json, and only the first threads run.

const [mode] = Deno.args;
const folder = await Deno.makeTempDir();
try {
  await run("deno", ["task", "--quiet", "notebook", `${folder}/lab.ipynb`]);
  if (mode !== "written") await execute();
  console.log(await Deno.readTextFile(`${folder}/lab.ipynb`));
} finally {
  await Deno.remove(folder, { recursive: true });
}

interface Cell {
  metadata: { lab9?: { cell: string } };
}

async function execute() {
  const file = `${folder}/lab.ipynb`;
  const text = await Deno.readTextFile(file);
  const notebook = JSON.parse(text.replaceAll("quick: false", "quick: true"));
  if (mode === "bare") {
    await Deno.remove(`${folder}/deno.json`);
    const wanted = ["threads:4", "threads:7"];
    notebook.cells = notebook.cells.filter(({ metadata }: Cell) =>
      wanted.includes(metadata.lab9?.cell ?? "")
    );
  }
  await Deno.writeTextFile(file, JSON.stringify(notebook));
  const kernel = `${folder}/data/kernels/deno`;
  await Deno.mkdir(kernel, { recursive: true });
  await Deno.writeTextFile(
    `${kernel}/kernel.json`,
    JSON.stringify({
      argv: ["deno", "jupyter", "--kernel", "--conn", "{connection_file}"],
      display_name: "Deno",
      language: "typescript",
    }),
  );
  const flags = "--to notebook --inplace --execute --allow-errors";
  const limit = "--ExecutePreprocessor.timeout=60";
  await run("jupyter-nbconvert", [...flags.split(" "), limit, file]);
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    env: { JUPYTER_DATA_DIR: `${folder}/data`, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
