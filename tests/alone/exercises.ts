import { assertExercise, timed } from "../support/exercises.ts";
import { processTest } from "../support/threads.ts";

for (const name of timed) {
  processTest(
    `exercise ${name} isn't solved, then is`,
    () => assertExercise(name),
  );
}
