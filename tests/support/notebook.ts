// Writes the notebook into an empty folder, and prints it as JSON in each of the
// forms that are asked for:
//
//     notebook.ts FORM…
//
// - `written`: as it was written;
// - `run`: as Jupyter ran it from top to bottom, with smaller counts;
// - `bare`: the same where the folder has no deno.json, and only the first threads.

const forms = Deno.args;
const root = await Deno.makeTempDir();
try {
  // Not above the others: Deno takes the deno.json of a folder above.
  const made = `${root}/made`;
  await Deno.mkdir(made);
  await run("deno", ["task", "--quiet", "notebook", `${made}/lab.ipynb`]);
  const files = [...Deno.readDirSync(made)].map(({ name }) => name);
  const written = await Promise.all(forms.map(async (form) => {
    const folder = `${root}/${form}`;
    await Deno.mkdir(folder);
    for (const name of files) {
      await Deno.copyFile(`${made}/${name}`, `${folder}/${name}`);
    }
    if (form !== "written") await execute(folder, form === "bare");
    return [form, JSON.parse(await Deno.readTextFile(`${folder}/lab.ipynb`))];
  }));
  console.log(JSON.stringify(Object.fromEntries(written)));
} finally {
  await Deno.remove(root, { recursive: true });
}

interface Cell {
  metadata: { lab9?: { cell: string } };
}

async function execute(folder: string, isBare: boolean) {
  const file = `${folder}/lab.ipynb`;
  const text = await Deno.readTextFile(file);
  const notebook = JSON.parse(text.replaceAll("quick: false", "quick: true"));
  if (isBare) {
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
  await run("jupyter-nbconvert", [...flags.split(" "), limit, file], folder);
}

async function run(
  program: string,
  args: string[],
  folder = root,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    env: { JUPYTER_DATA_DIR: `${folder}/data`, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
