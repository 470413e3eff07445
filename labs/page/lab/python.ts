// What the labs have of Python's, for what the reader has edited.
import "./output.ts";

export * from "../../notebook/python/mod.ts";
