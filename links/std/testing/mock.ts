/**
 * Stand-in for `jsr:@std/testing/mock`: the same functions, from the npm package `deno-std`.
 *
 * @module
 */

// @ts-types="./mock.d.ts"
export * from "npm:deno-std@1.3.1/testing/mock.js";
