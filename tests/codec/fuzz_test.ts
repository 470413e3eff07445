import { assertGreater } from "@std/assert";
import { fuzz } from "../support/fuzz.ts";
import { withSeed } from "../support/shared_random.ts";

Deno.test("Forged records call nothing and take little", async () => {
  await withSeed((seed) => assertGreater(fuzz(seed, 3), 0));
});
