import * as vscode from "vscode";
import { ResponseError } from "vscode-jsonrpc/node";
import { adviceForCode } from "./advice.ts";
import { ErrorCode } from "./api.ts";
import { ServerGoneError } from "./server.ts";

/** Shows what failed, why, and what to do. Not shown: a cancelled request, and the server's end, which has its own message. */
export async function tellError(what: string, error: unknown): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  // Messages of the server begin with what was attempted.
  const text = reason.startsWith("Cannot ") ? reason : `${what}: ${reason}`;
  if (error instanceof ServerGoneError) {
    const first = error.needsDeno ? ["Get Deno"] as const : [];
    return await offer(text, ...first, "Restart", "Show Trace", "Settings");
  }
  if (!(error instanceof ResponseError)) return await offer(text, "Show Trace");
  switch (error.code) {
    case ErrorCode.RequestCancelled:
    case ErrorCode.PendingResponseRejected: // the end of the server is reported by its owner
      return;
    case ErrorCode.ResultCode: {
      const { code, name } = error.data as { code: number; name: string };
      const advice = adviceForCode(code);
      const told = advice === undefined ? text : `${what}: the router says ${name}. ${advice}`;
      return await offer(told, "Show Trace");
    }
    case ErrorCode.DiscoveryFailed: {
      const found = "no gateway was found. Is this computer online?";
      return await offer(`${what}: ${found}`, "Simulate One", "Settings");
    }
    default:
      return await offer(text, "Show Trace");
  }
}

const INSTALLATION = "https://docs.deno.com/runtime/getting_started/installation/";

/** Buttons and their commands. */
const OFFERS = {
  "Get Deno": ["vscode.open", vscode.Uri.parse(INSTALLATION)],
  "Restart": ["portcontrol.restartServer"],
  "Settings": ["workbench.action.openSettings", "@ext:portcontrol.portcontrol"],
  "Show Trace": ["portcontrol.showTrace"],
  "Simulate One": ["portcontrol.simulate"],
} as const;

async function offer(text: string, ...offers: (keyof typeof OFFERS)[]): Promise<void> {
  const chosen = await vscode.window.showErrorMessage(text, ...offers);
  if (chosen === undefined) return;
  const [command, ...args] = OFFERS[chosen];
  await vscode.commands.executeCommand(command, ...args);
}
