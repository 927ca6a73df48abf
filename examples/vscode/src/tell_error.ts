import * as vscode from "vscode";
import { ResponseError } from "vscode-jsonrpc/node";
import { adviceForCode } from "./advice.ts";
import { ErrorCode } from "./api.ts";
import { ServerGoneError } from "./server.ts";

/** Says what failed, why, and what can be done. What was cancelled, or is told elsewhere, needs no words. */
export async function tellError(what: string, error: unknown): Promise<void> {
  const text = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof ServerGoneError) return await tellServerGone(text, error);
  if (!(error instanceof ResponseError)) return await offer(text, "Show Trace");
  switch (error.code) {
    case ErrorCode.RequestCancelled:
    case ErrorCode.PendingResponseRejected: // the server is gone, which its owner has told
      return;
    case ErrorCode.ResultCode: {
      const advice = adviceForCode((error.data as { code: number }).code);
      return await offer(advice === undefined ? text : `${text}. ${advice}`, "Show Trace");
    }
    case ErrorCode.DiscoveryFailed: {
      const reason = "no gateway was found. Is this computer online?";
      return await offer(`${what}: ${reason}`, "Simulate One", "Settings");
    }
    default:
      return await offer(text, "Show Trace");
  }
}

/** Says that there is no server any more, or that there never was one. */
export async function tellServerGone(text: string, { needsDeno }: ServerGoneError): Promise<void> {
  await offer(text, ...needsDeno ? ["Get Deno"] as const : [], "Restart", "Show Trace", "Settings");
}

const INSTALLATION = "https://docs.deno.com/runtime/getting_started/installation/";

/** What can be offered, with the command that does it. */
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
