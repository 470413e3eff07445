// Has every permission, and tries everything in the main thread and in others.

import { Pool, Thread } from "../../mod.ts";
import { attempt, attemptNames, request } from "./thread_permissions.ts";

const names = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];

if (import.meta.main) {
  const path = await Deno.makeTempFile();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response("export default 1;", {
        headers: { "content-type": "text/javascript" },
      }),
  );
  const around = { port: server.addr.port, path };
  await using pool = new Pool(1);
  const results: Record<string, string[]> = {};
  for (const name of attemptNames) {
    const thread = new Thread(attempt, { args: [name, around] });
    thread.start();
    results[name] = [
      await thread.join(),
      await pool.apply(attempt, [name, around]),
      // Last, so that nothing is found in a cache.
      await attempt(name, around),
    ];
  }
  for (const name of names as Deno.PermissionName[]) {
    const thread = new Thread(request, { args: [name] });
    thread.start();
    results[`request ${name}`] = [
      await thread.join(),
      await pool.apply(request, [name]),
      await request(name),
    ];
  }
  await server.shutdown();
  await Deno.remove(path);
  console.log(JSON.stringify(results));
}
