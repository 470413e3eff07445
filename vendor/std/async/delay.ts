// @ts-types="./mod.d.ts"
export { delay, type DelayOptions } from "npm:deno-std@1.4.0/async/delay.js";
