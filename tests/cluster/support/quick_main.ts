/** A program whose pool waits for a minute; the test kills it. */

import { connectQuickly } from "./quick.ts";
import { noteAndWait } from "./functions.ts";

const [url, name] = Deno.args;
const pool = await connectQuickly(url, { name });
console.log("connected");
await pool.map(noteAndWait, Array.from({ length: 20 }, (_, i) => [i, 60]), {
  chunkSize: 1,
});
