// Copyright 2026 the lab9 authors. MIT license.

import { type Cargo, Kind } from "../codec/cargo.ts";
import { incomparable, Key, mayDiffer, sameKind } from "./key.ts";
import { kindOf } from "../checks.ts";
import { countOf, STEP, stepsIn } from "../sync/mutex.ts";
import {
  CLOSED,
  damaged,
  HEADER_BYTES,
  LIMIT,
  type PutResult,
  PUTS,
  SIZE,
  Store,
  storeSize,
  TAKES,
} from "./store.ts";

// Words of the header, besides the store's.

/** The block of the root; 0 if the heap is empty. */
const ROOT = 1;
/** The shapes of all keys that were stored since the heap was empty: a bitwise or. */
const SHAPE = 3;
/** The first free block, and how many there are. */
const FREE = 4;
const FREE_COUNT = 5;
/** How many blocks there are, in use or free. */
const BLOCK_COUNT = 6;
/**
 * How many records were put: an index into the view of doubles, of words 8 and 9. A
 * count of 32 bits could wrap while a record is stored.
 */
const ARRIVALS = 4;

const BLOCK_BYTES = 64;
const BLOCK_WORDS = BLOCK_BYTES / 4;
const BLOCK_SHIFT = 4;
/** Blocks are numbered from the beginning of the buffer, so no block has number 0. */
const FIRST_BLOCK = HEADER_BYTES / BLOCK_BYTES;

// Words of a block. All but `NEXT` exist in a record's first block only.

/** The next block of the record, or the next free block. */
const NEXT = 0;
/** The children of the node. */
const LEFT = 1;
const RIGHT = 2;
const RANK = 3;
/** The bytes of the item, and those of its key. */
const LENGTH = 4;
const KEY_LENGTH = 5;
/** The number of the key: an index into the block's doubles. */
const NUMBER = 3;
/** The number of the put: an index into the block's doubles. */
const ARRIVAL = 4;
/** The word where the payload begins: in a record's first block, and in the others. */
const FIRST_PAYLOAD = 10;
const PAYLOAD = 1;

/** More than the longest path to the right: see `Heap`. */
const LONGEST_PATH = 64;

function wordsFor(length: number): number {
  // A length may not fit into 32 bits.
  return Math.ceil(length / 4);
}

/** How many blocks a record with that many words takes. */
function blocksFor(words: number): number {
  const more = words - (BLOCK_WORDS - FIRST_PAYLOAD);
  return more <= 0 ? 1 : 1 + Math.ceil(more / (BLOCK_WORDS - PAYLOAD));
}

/** The key that the heap has written into the cargo. */
function keyOf(cargo: Cargo): Key {
  return cargo.order as Key;
}

/**
 * Records of any length in shared memory, for any number of producers and consumers. The
 * record with the smallest key is taken first. Of records with equal keys, the one that
 * was put first is taken first.
 *
 * The memory consists of blocks of one size, so it never breaks up into pieces
 * too small to use. A record is a list of as many blocks as it needs, and its
 * blocks are free again when it is taken. Its first block is a node of a
 * leftist heap: no node comes before its parent, and from each node the
 * shortest path to a missing child goes right. The node's rank is the length of
 * that path, so a path to the right has at most log2(n + 1) nodes. Two heaps
 * are merged along two such paths. A put merges the record with the root, a take
 * merges the root's two children.
 *
 * Protocol. There is only the mutex of puts. A thread that holds it first reads
 * everything that it needs to know: which blocks it uses, and the path of nodes whose
 * links change. Until then it writes only into free blocks, and doesn't change their
 * links. After that it calls nothing that could throw: it links nodes, writes the root
 * and the list of free blocks, and counts last. New blocks enter the list of free blocks
 * before they are used. When the memory grows, no record moves.
 *
 * The bytes of a key compare as the priorities do, so nothing is decoded here.
 */
export class Heap extends Store {
  #size = 0;
  #ints!: Int32Array;
  #floats!: Float64Array;
  #path = new Int32Array(LONGEST_PATH);
  /** The position of the current read or write: a block, and a word in it. */
  #block = 0;
  #at = 0;
  /** The index of the first byte at which the keys differed that were compared last. */
  #differsAt = 0;
  /** The lesser one of the two bytes there. */
  #lesserByte = 0;

  constructor(source: number | SharedArrayBuffer) {
    super(source);
    this.#view();
  }

  override refusal(item: unknown): TypeError {
    return incomparable(item);
  }

  override order(item: unknown, cargo: Cargo): void {
    if (!Array.isArray(item) || item.length !== 2) {
      const received = Array.isArray(item)
        ? `an array of length ${item.length}`
        : kindOf(item);
      throw new TypeError(
        "Cannot put into queue: the item must be an array of priority and " +
          `value, \`[priority, value]\`, received ${received}`,
      );
    }
    cargo.order ??= new Key();
    keyOf(cargo).write(item[0]);
  }

  override canEverHold(cargo: Cargo): boolean {
    return this.needOf(cargo) <= Math.floor(this.capacity / BLOCK_BYTES);
  }

  override needOf(cargo: Cargo): number {
    return blocksFor(wordsFor(keyOf(cargo).length) + wordsFor(cargo.length));
  }

  protected roomForRecords(): number {
    const words = this.words;
    // Both counts change under the mutex.
    this.putMutex.lock();
    const used = words[BLOCK_COUNT] - words[FREE_COUNT];
    this.putMutex.unlock();
    return Math.floor(this.capacity / BLOCK_BYTES) - used;
  }

  put(cargo: Cargo): PutResult {
    const words = this.words;
    const key = keyOf(cargo);
    const keyWords = wordsFor(key.length);
    const itemWords = wordsFor(cargo.length);
    const needed = this.needOf(cargo);
    let added = 0;
    this.putMutex.lock();
    try {
      if (words[CLOSED] !== 0) return "closed";
      const limit = words[LIMIT];
      const stored = countOf(words[PUTS] - words[TAKES]);
      if (limit > 0 && stored >= limit) return "full";
      if (!this.#free(needed)) return "full";

      const node = words[FREE];
      this.#start(node);
      this.#write(key.ints, keyWords);
      this.#write(cargo.ints, itemWords);
      const last = this.#block;
      const ints = this.#ints;
      const floats = this.#floats;
      const arrival = floats[ARRIVALS];
      const at = node << BLOCK_SHIFT;
      ints[at + LEFT] = 0;
      ints[at + RIGHT] = 0;
      ints[at + RANK] = 1;
      ints[at + LENGTH] = cargo.length;
      ints[at + KEY_LENGTH] = key.length;
      floats[(at >> 1) + NUMBER] = key.number;
      floats[(at >> 1) + ARRIVAL] = arrival;
      if (stored > 0 && !this.#fits(node, key)) return "refused";

      words[ROOT] = this.#merge(words[ROOT], node);
      // From here on, nothing that could throw.
      words[FREE] = ints[last << BLOCK_SHIFT];
      words[FREE_COUNT] -= needed;
      words[SHAPE] = stored > 0 ? words[SHAPE] | key.shape : key.shape;
      floats[ARRIVALS] = arrival + 1;
      this.lastPut = arrival;
      added = STEP;
    } finally {
      this.putMutex.unlock(added);
    }
    key.trim();
    return "put";
  }

  take(cargo: Cargo, isRead = true): boolean {
    const words = this.words;
    if (this.isEmpty) return false;
    this.putMutex.lock();
    try {
      const takes = words[TAKES];
      if (stepsIn(words[PUTS]) === takes) return false;
      if (words[SIZE] !== this.#size) this.#view();
      const ints = this.#ints;
      const root = words[ROOT];
      const at = root << BLOCK_SHIFT;
      const length = ints[at + LENGTH];
      const keyWords = wordsFor(ints[at + KEY_LENGTH]);
      const itemWords = wordsFor(length);
      const blocks = blocksFor(keyWords + itemWords);
      if (!(length <= this.#size)) throw damaged();
      cargo.reserve(length);
      cargo.kind = Kind.BYTES;
      cargo.length = length;
      this.#start(root);
      this.#skip(keyWords);
      this.#read(cargo.ints, itemWords);
      if (isRead) cargo.checkStack();
      const last = this.#block;
      const arrival = this.#floats[(at >> 1) + ARRIVAL];
      words[ROOT] = this.#merge(ints[at + LEFT], ints[at + RIGHT]);
      // From here on, nothing that could throw.
      ints[(last << BLOCK_SHIFT) + NEXT] = words[FREE];
      words[FREE] = root;
      words[FREE_COUNT] += blocks;
      words[TAKES] = (takes + STEP) | 0;
      this.lastTake = arrival;
      return true;
    } finally {
      this.putMutex.unlock();
    }
  }

  /** Makes that many blocks free; false if that isn't possible. */
  #free(needed: number): boolean {
    const words = this.words;
    if (words[SIZE] !== this.#size) this.#view();
    const more = needed - words[FREE_COUNT];
    if (more <= 0) return true;
    const bytes = (words[BLOCK_COUNT] + more) * BLOCK_BYTES;
    if (bytes > this.capacity) return false;
    if (bytes > this.#size) {
      const size = storeSize(bytes);
      this.buffer.grow(HEADER_BYTES + size);
      Atomics.store(words, SIZE, size);
      this.#view();
    }
    const ints = this.#ints;
    for (let i = 0; i < more; i++) {
      const block = FIRST_BLOCK + words[BLOCK_COUNT];
      ints[(block << BLOCK_SHIFT) + NEXT] = words[FREE];
      words[FREE] = block;
      words[FREE_COUNT]++;
      words[BLOCK_COUNT]++;
    }
    return true;
  }

  #view(): void {
    const size = Atomics.load(this.words, SIZE);
    this.#ints = new Int32Array(this.buffer, 0, (HEADER_BYTES + size) / 4);
    this.#floats = new Float64Array(this.buffer, 0, (HEADER_BYTES + size) / 8);
    this.#size = size;
  }

  /** Whether the new record can be compared with each that is stored. */
  #fits(node: number, key: Key): boolean {
    const shape = this.words[SHAPE];
    if (!mayDiffer(shape, key.shape)) return true;
    if (!sameKind(shape, key.shape)) return false;
    // Both are arrays. Elements of different kinds matter only if all elements before
    // them are equal. And the shape includes keys of records that were taken.
    const rest = [this.words[ROOT]];
    for (let other = rest.pop(); other !== undefined; other = rest.pop()) {
      if (
        this.#compareKeys(node, other) !== 0 && this.#lesserByte !== 0 &&
        key.kindsAt.includes(this.#differsAt)
      ) return false;
      const at = other << BLOCK_SHIFT;
      if (this.#ints[at + LEFT] !== 0) rest.push(this.#ints[at + LEFT]);
      if (this.#ints[at + RIGHT] !== 0) rest.push(this.#ints[at + RIGHT]);
    }
    return true;
  }

  /**
   * Merges two heaps and returns the root. If it throws, nothing has changed.
   */
  #merge(one: number, other: number): number {
    const ints = this.#ints;
    const path = this.#path;
    let length = 0;
    while (one !== 0 && other !== 0) {
      const first = this.#isBefore(one, other) ? one : other;
      if (first === other) other = one;
      if (length === LONGEST_PATH) throw damaged();
      path[length++] = first;
      one = ints[(first << BLOCK_SHIFT) + RIGHT];
    }
    // From here on, nothing that could throw.
    let tree = one === 0 ? other : one;
    for (let i = length - 1; i >= 0; i--) {
      const at = path[i] << BLOCK_SHIFT;
      const left = ints[at + LEFT];
      const leftRank = left === 0 ? 0 : ints[(left << BLOCK_SHIFT) + RANK];
      const rank = tree === 0 ? 0 : ints[(tree << BLOCK_SHIFT) + RANK];
      const isShorter = rank <= leftRank;
      ints[at + LEFT] = isShorter ? left : tree;
      ints[at + RIGHT] = isShorter ? tree : left;
      ints[at + RANK] = (isShorter ? rank : leftRank) + 1;
      tree = path[i];
    }
    return tree;
  }

  #isBefore(one: number, other: number): boolean {
    const floats = this.#floats;
    const a = one << (BLOCK_SHIFT - 1);
    const b = other << (BLOCK_SHIFT - 1);
    const numberOfA = floats[a + NUMBER];
    const numberOfB = floats[b + NUMBER];
    if (numberOfA !== numberOfB) return numberOfA < numberOfB;
    const order = this.#compareKeys(one, other);
    if (order !== 0) return order < 0;
    return floats[a + ARRIVAL] < floats[b + ARRIVAL];
  }

  /**
   * Compares the bytes of two keys: less than 0 if the first key is smaller.
   */
  #compareKeys(one: number, other: number): number {
    const ints = this.#ints;
    let a = one << BLOCK_SHIFT;
    let b = other << BLOCK_SHIFT;
    const length = Math.min(ints[a + KEY_LENGTH], ints[b + KEY_LENGTH]);
    const order = ints[a + KEY_LENGTH] - ints[b + KEY_LENGTH];
    // Both keys begin at the same place of a block, so both go on at the same
    // time.
    let place = FIRST_PAYLOAD;
    for (let done = 0; done < length; done += 4, place++) {
      if (place === BLOCK_WORDS) {
        a = ints[a + NEXT] << BLOCK_SHIFT;
        b = ints[b + NEXT] << BLOCK_SHIFT;
        place = PAYLOAD;
      }
      const differ = ints[a + place] ^ ints[b + place];
      if (differ === 0) continue;
      // A word has its low byte first, and the lowest byte that differs
      // decides.
      const byte = (31 - Math.clz32(differ & -differ)) & ~7;
      const byteOfA = (ints[a + place] >>> byte) & 255;
      const byteOfB = (ints[b + place] >>> byte) & 255;
      this.#differsAt = done + (byte >> 3);
      this.#lesserByte = Math.min(byteOfA, byteOfB);
      return byteOfA - byteOfB;
    }
    return order;
  }

  /** Moves the position to the payload of a record. */
  #start(node: number): void {
    this.#block = node;
    this.#at = FIRST_PAYLOAD;
  }

  #skip(words: number): void {
    let left = words;
    while (left > BLOCK_WORDS - this.#at) {
      left -= BLOCK_WORDS - this.#at;
      this.#block = this.#ints[(this.#block << BLOCK_SHIFT) + NEXT];
      this.#at = PAYLOAD;
    }
    this.#at += left;
  }

  #write(source: Int32Array, words: number): void {
    const ints = this.#ints;
    let block = this.#block;
    let at = this.#at;
    for (let i = 0; i < words; i++, at++) {
      if (at === BLOCK_WORDS) {
        block = ints[(block << BLOCK_SHIFT) + NEXT];
        at = PAYLOAD;
      }
      ints[(block << BLOCK_SHIFT) + at] = source[i];
    }
    this.#block = block;
    this.#at = at;
  }

  #read(target: Int32Array, words: number): void {
    const ints = this.#ints;
    let block = this.#block;
    let at = this.#at;
    for (let i = 0; i < words; i++, at++) {
      if (at === BLOCK_WORDS) {
        block = ints[(block << BLOCK_SHIFT) + NEXT];
        at = PAYLOAD;
      }
      target[i] = ints[(block << BLOCK_SHIFT) + at];
    }
    this.#block = block;
    this.#at = at;
  }
}
