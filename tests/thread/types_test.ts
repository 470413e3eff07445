import { sleepSync, Thread } from "../../mod.ts";

function add(a: number, b: number): number {
  return a + b;
}
function greet(name = "you", ...rest: string[]): string {
  return [name, ...rest].join();
}
function nothing(): void {}

function startAny<F extends (...args: string[]) => unknown>(
  target: F,
  args: Parameters<F>,
): Thread<F> {
  return new Thread<F>(target, { args });
}

// Never called: what counts is that it type-checks, and that what is expected to
// be an error is one.
function _types(): void {
  new Thread(add, { args: [1, 2] });
  new Thread(add, { args: [1, 2], name: "adder", daemon: true });
  new Thread(sleepSync, { args: [1], permissions: "inherit", fresh: true });
  new Thread(nothing);
  new Thread(nothing, {});
  new Thread(nothing, { name: "nothing" });
  new Thread(greet);
  new Thread(greet, { name: "greeter" });
  new Thread(greet, { args: [] });
  new Thread(greet, { args: ["Ada", "Grace"] });
  startAny(greet, ["Ada"]);
  const result: Promise<number> = new Thread(add, { args: [1, 2] }).join();
  const none: Promise<void> = new Thread(nothing).join();
  void [result, none];

  // @ts-expect-error -- both arguments are missing
  new Thread(add);
  // @ts-expect-error -- both arguments are missing
  new Thread(add, {});
  // @ts-expect-error -- both arguments are missing
  new Thread(add, { name: "adder" });
  // @ts-expect-error -- one argument is missing
  new Thread(add, { args: [1] });
  // @ts-expect-error -- an argument is of another type
  new Thread(add, { args: [1, "2"] });
  // @ts-expect-error -- there is an argument too many
  new Thread(nothing, { args: [1] });
  // @ts-expect-error -- an argument is of another type
  new Thread(greet, { args: [1] });
  // @ts-expect-error -- the seconds are missing
  new Thread(sleepSync);
  // @ts-expect-error -- it is no function
  new Thread("add");
}
