import type { MappingSnapshot } from "../../mod.ts";

/** The characters of a bar. */
export interface BarStyle {
  readonly past: string;
  readonly now: string;
  readonly future: string;
  readonly renewal: string;
}

/** For terminals that show block characters, and for others. */
export const BLOCKS: BarStyle = { past: "█", now: "▌", future: "░", renewal: "┃" };
export const ASCII: BarStyle = { past: "#", now: ">", future: ".", renewal: "|" };

/** Whether the environment says that block characters are shown. */
export function showsBlocks(
  platform: string,
  env: (name: string) => string | undefined,
): boolean {
  if (env("TERM") === "dumb") return false;
  if (platform === "windows") return true; // its terminals are UTF-8, and it sets no locale
  const locale = [env("LC_ALL"), env("LC_CTYPE"), env("LANG")].find((each) => (each ?? "") !== "");
  return /utf-?8/i.test(locale ?? "");
}

/**
 * A lease from its grant to its end, with now and the next renewal marked; undefined without a lease.
 *
 * @param width Its characters, from 1.
 */
export function leaseBar(
  { assigned, expiresAt, requestType }: MappingSnapshot,
  now: Date,
  width: number,
  { past, now: mark, future, renewal }: BarStyle,
): string | undefined {
  if (assigned === null || expiresAt === null) return undefined;
  const length = assigned.lifetime * 1000;
  const elapsed = length - (Date.parse(expiresAt) - now.getTime());
  const at = (share: number): number => Math.min(Math.max(Math.floor(share * width), 0), width - 1);
  const present = at(elapsed / length);
  // RFC 6887 section 11.2.1: the first renewal is sent at 1/2 to 5/8 of the lifetime.
  const next = requestType === "once" ? -1 : at(1 / 2);
  return Array.from(
    { length: width },
    (_, index) =>
      index < present ? past : index === present ? mark : index === next ? renewal : future,
  ).join("");
}
