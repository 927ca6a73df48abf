import { LOG_LEVELS, type LogLevel } from "./log.ts";
import { VERSION } from "./version.ts";

/** What the command line asks for. */
export type Arguments =
  | { readonly run: "serve"; readonly logLevel: LogLevel; readonly trace: boolean }
  | { readonly run: "print"; readonly text: string }
  | { readonly run: "complain"; readonly text: string };

/** Reads the command line. By hand: loading a parser takes longer than answering the first request. */
export function parseArguments(args: readonly string[]): Arguments {
  let stdio = false;
  let trace = false;
  let logLevel: LogLevel = "warn";
  for (let index = 0; index < args.length; index++) {
    const [name = "", attached] = (args[index] ?? "").split("=", 2);
    if (name === "--log-level") {
      const value = attached ?? args[++index] ?? "";
      const level = LOG_LEVELS.find((each) => each === value);
      if (level === undefined) {
        return complain(`--log-level must be one of ${LOG_LEVELS.join(", ")}, got "${value}"`);
      }
      logLevel = level;
    } else if (attached !== undefined) return complain(`Unknown argument "${args[index]}"`);
    else if (name === "--help" || name === "-h") return { run: "print", text: HELP };
    else if (name === "--version") return { run: "print", text: `pcp-rpc ${VERSION}` };
    else if (name === "--stdio") stdio = true;
    else if (name === "--trace") trace = true;
    else return complain(`Unknown argument "${name}"`);
  }
  return stdio ? { run: "serve", logLevel, trace } : complain("Say how to be spoken to: --stdio");
}

function complain(text: string): Arguments {
  return { run: "complain", text: `${text}\n\n${HELP}` };
}

const HELP =
  `Opens ports on the router for programs in any language: JSON-RPC 2.0 on stdin and stdout.

Usage: deno run -A rpc/main.ts --stdio [--log-level LEVEL] [--trace]

  --stdio            serve on stdin and stdout, each message after a Content-Length header
  --log-level LEVEL  error, warn (the default), info or debug, on stderr
  --trace            every datagram to and from the PCP server, decoded, on stderr
  --version          print the version
  --help             print this

Exit codes: 0 after shutdown and exit, or at the end of stdin; 1 after exit alone or unreadable input;
2 for a wrong command line; 128 and the number of the signal that ended it. Mappings are released in every case.`;
