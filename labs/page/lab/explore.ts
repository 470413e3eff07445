// The explorer, for what the reader has edited.
import "./output.ts";

export * from "@lab9/concurrency/explore";
