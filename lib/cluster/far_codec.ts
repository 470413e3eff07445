// Copyright 2026 the lab9 authors. MIT license.

import { Cargo, Kind } from "../codec/cargo.ts";
import { Decoder, explain } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import { Damaged } from "../codec/tags.ts";
import type { FarModules } from "./far_modules.ts";

/** Encodes values as text and back: as the library's own bytes, in Base64. */
export class FarCodec {
  #encoder: Encoder;
  #decoder = new Decoder();
  #outgoing = new Cargo();
  #incoming = new Cargo();

  constructor(modules: FarModules) {
    this.#encoder = new Encoder({ farIds: modules.farIdOf });
  }

  /**
   * Encodes what the callback writes.
   *
   * @throws {DOMException} A `DataCloneError` if a value can't be encoded.
   */
  encode(write: (encoder: Encoder) => void): string {
    const cargo = this.#outgoing;
    this.#encoder.begin(cargo);
    try {
      write(this.#encoder);
    } finally {
      this.#encoder.end();
    }
    const text = cargo.bytes.subarray(0, cargo.length).toBase64();
    cargo.trim();
    return text;
  }

  /**
   * Decodes what the callback reads.
   *
   * @throws {Damaged} If the text was not encoded by a `FarCodec`.
   */
  decode<T>(text: string, read: (decoder: Decoder) => T): T {
    const cargo = this.#incoming;
    const bytes = bytesOf(text);
    cargo.reserve(bytes.length);
    cargo.bytes.set(bytes);
    cargo.kind = Kind.BYTES;
    cargo.length = bytes.length;
    this.#decoder.begin(cargo);
    try {
      return read(this.#decoder);
    } catch (error) {
      throw explain(error);
    } finally {
      this.#decoder.end();
    }
  }
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw new Damaged();
  }
}
