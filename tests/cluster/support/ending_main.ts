/** A program that terminates its pool at a signal, and has nothing else to do. */

import { connectQuickly } from "./quick.ts";
import { noteAndWait } from "./functions.ts";

const [url, name] = Deno.args;
const pool = await connectQuickly(url, { name });
pool.apply(noteAndWait, [[0, 60]]).catch(() => {});
const { promise, resolve } = Promise.withResolvers<void>();
Deno.addSignalListener("SIGUSR1", resolve);
console.log("connected");
await promise;
await pool.terminate();
Deno.removeSignalListener("SIGUSR1", resolve);
