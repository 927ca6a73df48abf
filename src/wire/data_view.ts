import { noRoom } from "./check.ts";

/**
 * Remembers the view of the last buffer asked for. Making a view costs more than writing a whole message through it,
 * and an encoder is given the same buffer again and again.
 */
export class ViewCache {
  #bytes: Uint8Array = NOTHING;
  #length = 0;
  #view: DataView = new DataView(NOTHING.buffer);

  /**
   * The view of exactly these octets, if there are so many.
   *
   * @throws {RangeError} If there are fewer.
   */
  of(bytes: Uint8Array, needed: number): DataView {
    // The length tells a buffer that was resized or taken away since.
    return bytes === this.#bytes && bytes.length === this.#length && needed <= this.#length
      ? this.#view
      : this.#renew(bytes, needed);
  }

  #renew(bytes: Uint8Array, needed: number): DataView {
    if (bytes.length < needed) throw noRoom(bytes.length, 0, needed, "a request");
    this.#view = viewOf(bytes);
    this.#bytes = bytes;
    this.#length = bytes.length;
    return this.#view;
  }
}

/**
 * Remembers the view of the last memory asked for, all of it: a receiver gives parts of one buffer, each an object of its
 * own.
 */
export class MemoryView {
  #memory: ArrayBufferLike = NOTHING.buffer;
  #view: DataView = new DataView(NOTHING.buffer);

  /** The view of all the memory that the octets, at least one, are in. It grows and shrinks with it. */
  of(bytes: Uint8Array): DataView {
    const { buffer } = bytes;
    return buffer === this.#memory ? this.#view : this.#renew(buffer);
  }

  #renew(memory: ArrayBufferLike): DataView {
    this.#view = new DataView(memory);
    this.#memory = memory;
    return this.#view;
  }
}

/** A view of exactly these octets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy of `length` octets, so that what was decoded outlives the buffer of the datagram. */
export function copyOctets(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}

/** Writes octets. */
export function writeOctets(view: DataView, offset: number, octets: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset + offset, octets.length).set(octets);
}

/** Writes octets, and zeros up to the next multiple of four (RFC 6887 section 7.3). */
export function writePadded(view: DataView, offset: number, octets: Uint8Array): void {
  writeOctets(view, offset, octets);
  for (let i = octets.length; (i & 3) !== 0; i++) view.setUint8(offset + i, 0);
}

const NOTHING = new Uint8Array(0);
