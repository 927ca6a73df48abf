// What this project uses of jsr:@std/cli/parse-args 1.x. The real types derive the same result in
// some three hundred lines; names given only as an alias are `unknown` here.

export interface ParseOptions<
  Flag extends string = string,
  Text extends string = string,
  List extends string = string,
  Defaults extends Record<string, unknown> = Record<string, unknown>,
> {
  /** Puts everything after `--` under the key `--` instead of `_`. */
  "--"?: boolean;
  alias?: Readonly<Record<string, string | readonly string[]>>;
  boolean?: boolean | Flag | readonly Flag[];
  string?: Text | readonly Text[];
  /** Keys that may be given several times; their values are gathered in arrays. */
  collect?: List | readonly List[];
  negatable?: string | readonly string[];
  default?: Defaults;
  /** Stops at the first argument that is not an option. */
  stopEarly?: boolean;
  /** Called for an option that no other list names; returning `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export type Args<
  Flag extends string = never,
  Text extends string = never,
  List extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
> =
  & { [name: string]: unknown; _: (string | number)[]; "--"?: string[] }
  & { [K in Exclude<Flag, List>]: boolean | (K extends keyof Defaults ? Defaults[K] : never) }
  & { [K in Extract<Exclude<Text, List>, keyof Defaults>]: string | Defaults[K] }
  & { [K in Exclude<Text, List | keyof Defaults>]?: string | undefined }
  & { [K in List]: K extends Text ? string[] : K extends Flag ? boolean[] : unknown[] };

export declare function parseArgs<
  const Flag extends string = never,
  const Text extends string = never,
  const List extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
>(
  args: readonly string[],
  options?: ParseOptions<Flag, Text, List, Defaults>,
): Args<Flag, Text, List, Defaults>;
