// A module that forgets to ask `import.meta.main` before it ends the process.

import { expose, Thread } from "../../mod.ts";

export function nothing(): void {}
expose(import.meta, { nothing });

if (import.meta.main) {
  const thread = new Thread(nothing, { name: "broken" });
  thread.start();
  await thread.join().catch((error) => console.log(`thread: ${error}`));
}
Deno.exit(6);
