/**
 * Stand-in for `jsr:@std/cli/unicode-width`. The module of that name in the npm package `deno-std`
 * lacks its data file and does not load, so the width table comes from `get-east-asian-width`.
 *
 * @module
 */

import { eastAsianWidth } from "get-east-asian-width";

/** How many terminal columns a string takes, summed over its code points. */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const char of str) {
    if (!ZERO_WIDTH.test(char)) width += eastAsianWidth(char.codePointAt(0) ?? 0);
  }
  return width;
}

/** Controls, combining marks, joiners and variation selectors take no column of their own. */
const ZERO_WIDTH = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}]$/u;
