// Copyright 2026 the lab9 authors. MIT license.

import { Cargo, Kind } from "../codec/cargo.ts";
import { Decoder, explain } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import { Damaged } from "../codec/tags.ts";
import type { FarModules } from "./far_modules.ts";

/** Encodes values as text and back: as the library's own bytes, in Base64. */
export class FarCodec {
  #modules: FarModules;
  #decoder = new Decoder();
  #incoming = new Cargo();

  constructor(modules: FarModules) {
    this.#modules = modules;
  }

  /**
   * Encodes what the callback writes. Property getters of the values may encode other
   * values meanwhile.
   *
   * @throws {DOMException} A `DataCloneError` if a value can't be encoded.
   */
  encode(write: (encoder: Encoder) => void): string {
    const cargo = new Cargo();
    const encoder = new Encoder({ farIds: this.#modules.farIdOf });
    encoder.begin(cargo);
    write(encoder);
    encoder.end();
    return cargo.bytes.subarray(0, cargo.length).toBase64();
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
