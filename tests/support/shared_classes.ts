/** Classes that extend the library's. @module */

import {
  Barrier,
  Condition,
  Event,
  expose,
  Gil,
  LifoQueue,
  Lock,
  Queue,
  RLock,
  Semaphore,
} from "../../mod.ts";

export class Jobs extends Queue<number> {
  static made = 0;
  constructor(readonly label: string) {
    super(3);
    if (typeof label !== "string") throw new TypeError("no label");
    Jobs.made++;
  }
  putTwice(item: number): void {
    this.putSync(item);
    this.putSync(item);
  }
}
export class Undo extends LifoQueue<number> {}
export class Guard extends RLock {
  run<T>(fn: () => T): T {
    using _held = this.acquireSync();
    return fn();
  }
}
export class Turnstile extends Semaphore {}
export class Signal extends Event {}
export class Gate extends Barrier {}
export class Watch extends Condition {}
export class Interpreter extends Gil {}

/** Never exposed. */
export class Private extends Lock {}

export function useJobs(jobs: Jobs): [boolean, string | undefined] {
  jobs.putTwice(7);
  return [jobs instanceof Jobs, jobs.label];
}
export function classNames(...objects: object[]): string[] {
  return objects.map((object) => object.constructor.name);
}
export function back<T>(value: T): T {
  return value;
}

expose(import.meta, {
  Jobs,
  Undo,
  Guard,
  Turnstile,
  Signal,
  Gate,
  Watch,
  Interpreter,
  useJobs,
  classNames,
  back,
});
