import { Nonce } from "../wire/nonce.ts";

/** 96 unguessable bits, one nonce for the life of a mapping (RFC 6887 section 11.2). */
export function newNonce(randomWord: () => number): Nonce {
  return new Nonce(randomWord(), randomWord(), randomWord());
}
