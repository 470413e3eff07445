// Copyright 2026 the lab9 authors. MIT license.

const OPTION = "worker-options";

/**
 * Checks, in a notebook, that workers may be given permissions. Where they may
 * not, Deno ends the process for trying: in a terminal it says why, but a
 * notebook only says that its kernel died.
 *
 * @throws {Error} If the notebook's kernel was started without the option.
 */
export function checkKernel(): void {
  if (!isNotebook() || isGiven()) return;
  throw new Error(
    `Cannot start worker: add { "unstable": ["${OPTION}"] } to deno.json in ` +
      `${Deno.cwd()} and restart the kernel`,
  );
}

/**
 * Outside of one the property's getter throws an error, for whose stack V8 reads
 * the whole program again where that is bundled: it takes as long as a fifth of the
 * start. What only a kernel adds to Deno's internals is looked for first.
 */
function isNotebook(): boolean {
  const { internal } = Deno as unknown as { internal: keyof typeof Deno };
  const internals: unknown = Deno[internal];
  if (internals instanceof Object && !("jupyter" in internals)) return false;
  try {
    return (Deno as { jupyter?: unknown }).jupyter !== undefined;
  } catch {
    return false;
  }
}

/** Whether a configuration of the kernel, or its command line, has the option. */
function isGiven(): boolean {
  if (textOf("/proc/self/cmdline").includes(`--unstable-${OPTION}`)) {
    return true;
  }
  for (let folder = Deno.cwd();;) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const text = textOf(`${folder}/${name}`);
      if (text !== "") return text.includes(`"${OPTION}"`);
    }
    const parent = folder.replace(/[/\\][^/\\]*$/, "");
    if (parent === folder) return false;
    folder = parent;
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
