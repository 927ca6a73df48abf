import { printable } from "../src/printable.ts";
import { LIMITS } from "./limits.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";
import { VERSION } from "./version.ts";

/** What the command line asks for. */
export type Arguments =
  | { readonly run: "serve" } & ServeArguments
  | { readonly run: "print"; readonly text: string }
  | { readonly run: "complain"; readonly text: string };

/** How to serve. */
export interface ServeArguments {
  readonly logLevel: LogLevel;
  readonly trace: boolean;
  /** The longest message in octets. */
  readonly maxMessage: number;
  /** A process that the server ends with. */
  readonly clientProcessId: number | undefined;
}

/** Reads the command line. By hand: loading a parser takes longer than answering the first request. */
export function parseArguments(args: readonly string[]): Arguments {
  let stdio = false;
  let trace = false;
  let logLevel: LogLevel = "warn";
  let maxMessage: number = LIMITS.message;
  let clientProcessId: number | undefined;
  for (let index = 0; index < args.length; index++) {
    const [name = "", attached] = (args[index] ?? "").split("=", 2);
    const value = (): string => attached ?? args[++index] ?? "";
    if (name === "--log-level") {
      const text = value();
      const level = LOG_LEVELS.find((each) => each === text);
      if (level === undefined) {
        return complain(`--log-level must be one of ${LOG_LEVELS.join(", ")}, got "${text}"`);
      }
      logLevel = level;
    } else if (name === "--max-message") {
      const text = value();
      maxMessage = readInteger(text, LEAST_MESSAGE, MOST_MESSAGE);
      if (Number.isNaN(maxMessage)) {
        return complain(
          `--max-message must be a number of octets from ${LEAST_MESSAGE} to ${MOST_MESSAGE}, got "${text}"`,
        );
      }
    } else if (name === "--clientProcessId") {
      const text = value();
      clientProcessId = readInteger(text, 1, Number.MAX_SAFE_INTEGER);
      if (Number.isNaN(clientProcessId)) {
        return complain(`--clientProcessId must be the id of a process, got "${text}"`);
      }
    } else if (attached !== undefined) return complain(`Unknown argument "${args[index]}"`);
    else if (name === "--help" || name === "-h") return { run: "print", text: HELP };
    else if (name === "--version") return { run: "print", text: `pcp-rpc ${VERSION}` };
    else if (name === "--stdio") stdio = true;
    else if (name === "--trace") trace = true;
    else return complain(`Unknown argument "${name}"`);
  }
  if (!stdio) return complain("Say how to be spoken to: --stdio");
  return { run: "serve", logLevel, trace, maxMessage, clientProcessId };
}

function readInteger(text: string, least: number, most: number): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return number >= least && number <= most ? number : NaN;
}

function complain(text: string): Arguments {
  return { run: "complain", text: `${printable(text)}\n\n${HELP}` };
}

/** Octets: every answer that the server needs as a request fits. */
const LEAST_MESSAGE = 4_096;
/** Octets: the longest text of the JavaScript engine is twice as long. */
const MOST_MESSAGE = 256 * 1024 * 1024;

const HELP =
  `Opens ports on the router for programs in any language: JSON-RPC 2.0 on stdin and stdout.

Usage: deno run -A rpc/main.ts --stdio [--log-level LEVEL] [--max-message OCTETS] [--clientProcessId PID] [--trace]

  --stdio                 serve on stdin and stdout, each message after a Content-Length header
  --log-level LEVEL       error, warn (the default), info or debug, on stderr
  --max-message OCTETS    the longest message that is read, ${LIMITS.message} by default
  --clientProcessId PID   release every mapping and exit when this process is gone
  --trace                 every datagram to and from the PCP server, decoded, on stderr
  --version               print the version
  --help                  print this

Exit codes: 0 after shutdown and exit, or at the end of stdin; 1 after exit alone or unreadable input;
2 for a wrong command line; 128 and the number of the signal that ended it. Mappings are released in every case.`;
