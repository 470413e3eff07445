import { assertThrows } from "@std/assert";
import { expose, Thread } from "../mod.ts";

Deno.test("expose() refuses anything but functions", () => {
  for (const value of [1, "text", null, undefined, {}, [], 1n, Symbol()]) {
    assertThrows(
      () => expose(import.meta, { value: value as never }),
      TypeError,
      "Cannot expose 'value': it must be a function, received ",
    );
  }
});

Deno.test("expose() exposes nothing if anything is refused", () => {
  function fine() {}
  assertThrows(
    () => expose(import.meta, { fine, value: 1 as never }),
    TypeError,
  );
  assertThrows(() => new Thread(fine), TypeError, "it was never exposed");
});

Deno.test("expose() takes import.meta first", () => {
  for (const meta of [undefined, null, {}, { url: 1 }]) {
    assertThrows(
      () => expose(meta as never, {}),
      TypeError,
      "the first argument must be import.meta",
    );
  }
});

Deno.test("expose() refuses a second function under a name", () => {
  const first = () => 1;
  expose(import.meta, { twice: first });
  expose(import.meta, { twice: first });
  assertThrows(
    () => expose(import.meta, { twice: () => 2 }),
    TypeError,
    `Cannot expose 'twice': ${import.meta.url} exposes another function`,
  );
});

Deno.test("expose() makes a function a thread's target", () => {
  const target = () => {};
  assertThrows(() => new Thread(target), TypeError);
  expose(import.meta, { target });
  new Thread(target);
});
