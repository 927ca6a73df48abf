import type { Protocol } from "./api.ts";

/** A typed port: `6000`, `6000/udp`, or `6000 as 8080` with the external port. */
export interface PortInput {
  port: number;
  /** Undefined if it was not typed. */
  protocol: Protocol | undefined;
  /** Undefined if it was not typed. */
  externalPort: number | undefined;
}

/** Parses a port; returns a sentence for the input box if the text is invalid. */
export function parsePort(text: string): PortInput | string {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "") return "Type the port that your program listens on, such as 3000";
  const found = /^(\d+)(?:\/(tcp|udp))?(?:\s+as\s+(\d+))?$/.exec(trimmed);
  if (found === null) return `A port is a number from 1 to 65535, got "${text.trim()}"`;
  const wrong = [found[1], found[3]].find((typed) => typed !== undefined && !isPort(Number(typed)));
  if (wrong !== undefined) return `A port is a number from 1 to 65535, got "${wrong}"`;
  return {
    port: Number(found[1]),
    protocol: found[2] as Protocol | undefined,
    externalPort: found[3] === undefined ? undefined : Number(found[3]),
  };
}

/** A text for the router's list of mappings: on one line, without control characters, at most 64 characters. */
export function cleanDescription(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return Array.from(clean).slice(0, 64).join("");
}

function isPort(number: number): boolean {
  return number >= 1 && number <= 65535;
}
