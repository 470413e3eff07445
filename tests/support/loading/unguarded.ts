// A script that forgets `if (import.meta.main)`. It is told what to do without.

import { expose, Pool, prestartWorkers, Thread } from "../../../mod.ts";

export function add(x: number): number {
  return x + 1;
}
expose(import.meta, { add });

console.log("module runs");
const [what, permissions] = Deno.args as [string, "none" | "inherit"];
switch (what) {
  case "pool": {
    await using pool = new Pool(2, { permissions });
    console.log(await pool.map(add, [1, 2]));
    break;
  }
  case "thread": {
    const thread = new Thread(add, { args: [1], permissions });
    thread.start();
    console.log(await thread.join());
    break;
  }
  case "prestart": {
    await prestartWorkers(2);
    const thread = new Thread(add, { args: [1], permissions });
    thread.start();
    console.log(await thread.join());
    break;
  }
}
