// Takes the package into a project of one kind, in a folder of its own, checks
// and runs the project's program, and prints what became of that as JSON.

const root = new URL("../../", import.meta.url);

const program = `import { expose, Pool } from "@lab9/concurrency";

export function square(x: number): number {
  return x * x;
}
expose(import.meta, { square });

if (import.meta.main) {
  await using pool = new Pool(2);
  console.log(await pool.map(square, [1, 2, 3]));
}
`;

/** The files of a project; `package` is where it wants the package. */
interface Project {
  package: string;
  files: Record<string, string | Record<string, unknown>>;
}

const unstable = ["worker-options"];
const projects: Record<string, Project> = {
  "path": {
    package: "concurrency",
    files: {
      "main.ts": program.replace("@lab9/concurrency", "./concurrency/mod.ts"),
    },
  },
  "import map": {
    package: "concurrency",
    files: {
      "deno.json": {
        imports: { "@lab9/concurrency": "./concurrency/mod.ts" },
        unstable,
        // The library's files are the project's own then.
        compilerOptions: {
          noUnusedLocals: true,
          noUnusedParameters: true,
          noFallthroughCasesInSwitch: true,
          allowUnreachableCode: false,
          allowUnusedLabels: false,
          verbatimModuleSyntax: true,
          erasableSyntaxOnly: true,
        },
      },
      "main.ts": program,
    },
  },
  "workspace": {
    package: "concurrency",
    files: {
      "deno.json": { workspace: ["./concurrency"], unstable },
      "main.ts": program,
    },
  },
  "links": {
    package: "concurrency",
    files: {
      "deno.json": {
        imports: { "@lab9/concurrency": "jsr:@lab9/concurrency@^0.1.0" },
        links: ["./concurrency"],
        unstable,
      },
      "main.ts": program,
    },
  },
};

function copy(from: URL, to: string): void {
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) {
    copy(new URL(name, `${from}/`), `${to}/${name}`);
  }
}

async function deno(cwd: string, ...args: string[]) {
  const env = { NO_COLOR: "1" };
  const command = new Deno.Command("deno", { args, cwd, env, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((b) => new TextDecoder().decode(b));
  return { code, out, err };
}

/** What `deno publish` would publish, by paths from the root. */
async function published(): Promise<string[]> {
  const { code, err } = await deno(
    root.pathname,
    ...["publish", "--dry-run", "--allow-dirty", "--no-check"],
  );
  if (code !== 0) throw new Error(err);
  return [...err.matchAll(/^ +file:\/\/(.*) \(.*\)$/gm)]
    .map(([, path]) => path.slice(root.pathname.length));
}

const project = Deno.makeTempDirSync();
try {
  const { package: place, files } = projects[Deno.args[0]];
  const paths = await published();
  Deno.mkdirSync(`${project}/${place}`);
  for (const entry of new Set(paths.map((path) => path.split("/")[0]))) {
    copy(new URL(entry, root), `${project}/${place}/${entry}`);
  }
  for (const [path, content] of Object.entries(files)) {
    const isText = typeof content === "string";
    const text = isText ? content : JSON.stringify(content);
    Deno.writeTextFileSync(`${project}/${path}`, text);
  }
  const check = await deno(project, "check", "--quiet", "main.ts");
  const run = await deno(
    project,
    ...["run", "--quiet", "--no-prompt", "--unstable-worker-options"],
    ...["--allow-read=.", "main.ts"],
  );
  console.log(JSON.stringify({ paths, check, run }));
} finally {
  Deno.removeSync(project, { recursive: true });
}
