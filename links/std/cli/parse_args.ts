/**
 * Stand-in for `jsr:@std/cli/parse-args`: the same function, from the npm package `deno-std`.
 *
 * @module
 */

// @ts-types="./parse_args.d.ts"
export * from "npm:deno-std@1.3.1/cli/parse_args.js";
