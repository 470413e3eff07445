export { Queue } from "@lab9/concurrency";
