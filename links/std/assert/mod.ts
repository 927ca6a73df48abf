/**
 * Stand-in for `jsr:@std/assert`: the same functions, from the npm package `deno-std`.
 *
 * @module
 */

// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.3.1/assert/mod.js";
