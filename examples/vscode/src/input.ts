import type { Protocol } from "./api.ts";

/** A typed port: `6000` or `6000/udp`. */
export interface PortInput {
  port: number;
  /** Undefined if it was not typed. */
  protocol: Protocol | undefined;
}

/** Parses a port; returns a sentence for the input box if the text is invalid. */
export function parsePort(text: string): PortInput | string {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "") return "Type the port that your program listens on, such as 3000";
  const found = /^(\d+)(?:\/(tcp|udp))?$/.exec(trimmed);
  if (found === null) return `A port is a number from 1 to 65535, got "${text.trim()}"`;
  const port = Number(found[1]);
  if (port < 1 || port > 65535) return `A port is a number from 1 to 65535, got "${found[1]}"`;
  return { port, protocol: found[2] as Protocol | undefined };
}
