// How cells are added, for what the reader has edited.
import "./output.ts";

export * from "./cell.ts";
