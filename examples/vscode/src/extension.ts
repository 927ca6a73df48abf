/**
 * Port Control for VS Code: opens ports on the router through the JSON-RPC server of `@portcontrol/pcp`.
 *
 * - `server.ts` starts the server and sends requests; `api.ts` declares the messages. Every client needs these two.
 * - `ports.ts` keeps the requested ports, handles alerts, and requests the ports again after a restart of the server.
 * - `port.ts`, `advice.ts`, `input.ts` are pure functions: conditions, texts, input. `listening.ts` and `leftovers.ts` read
 *   what this computer listens on, and what killed windows left open.
 * - The rest is user interface: `commands.ts`, `ask.ts`, `tree.ts`, `status_bar.ts`, `details.ts`, `tell_error.ts`.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as vscode from "vscode";
import type { RouterProtocol } from "./api.ts";
import { registerCommands } from "./commands.ts";
import { Details } from "./details.ts";
import { cleanDescription } from "./input.ts";
import { Ports, type PortsDeps } from "./ports.ts";
import { Server } from "./server.ts";
import { type ServerCommand, serverCommand } from "./server_command.ts";
import { showStatus } from "./status_bar.ts";
import { tellError } from "./tell_error.ts";
import { leftStateFiles, removeWindow } from "./leftovers.ts";
import { PortTree } from "./tree.ts";

let ports: Ports | undefined;
let stateFolder = "";

/** VS Code calls this when the view is shown or a command is chosen. The server starts with the first request. */
export function activate(context: vscode.ExtensionContext): void {
  stateFolder = join(context.globalStorageUri.fsPath, String(process.pid)); // of this window
  mkdirSync(stateFolder, { recursive: true });
  const log = vscode.window.createOutputChannel("Port Control", { log: true });
  const known = ports = new Ports({
    log,
    startServer: (events) => {
      const command = chosenCommand(context.extension.packageJSON.version);
      log.info(`Starting ${[command.program, ...command.args].join(" ")}`);
      return Server.start(command, events);
    },
    routerSettings,
    description,
    stateFolder,
    tell: (what, error) => {
      log.error(`${what}: ${error}`);
      void tellError(what, error);
    },
  });
  const tree = new PortTree(known);
  const details = new Details(known);
  const { executeCommand } = vscode.commands;
  context.subscriptions.push(
    log,
    known,
    tree,
    details,
    vscode.window.registerTreeDataProvider("portcontrol.mappings", tree),
    showStatus(known),
    registerCommands(known, details, log, context.globalState),
    known.onDidChange(() => {
      void executeCommand("setContext", "portcontrol.simulated", known.simulated !== undefined);
    }),
  );
  closeLeftovers(known, context.globalStorageUri.fsPath).catch((error: unknown) => {
    log.warn(`Cannot close the ports of a window that had been killed: ${error}`);
  });
}

/** VS Code waits for this when the window is closed or reloaded. If it is killed, the server ends with its stdin. */
export async function deactivate(): Promise<void> {
  await ports?.stop();
  rmSync(stateFolder, { recursive: true, force: true });
}

function chosenCommand(version: string): ServerCommand {
  const settings = vscode.workspace.getConfiguration("portcontrol");
  const configured = settings.get<string[]>("serverCommand", []);
  return serverCommand(configured, denoPath(settings.get("denoPath", "deno")), checkout(), version);
}

/** Outside a shell VS Code has a PATH without the folder of Deno's installer, so that folder is tried first. */
function denoPath(configured: string): string {
  const usual = join(homedir(), ".deno", "bin", "deno");
  return configured === "deno" && existsSync(usual) ? usual : configured;
}

/** The workspace, if it is a checkout of the library and trusted. */
function checkout(): string | undefined {
  if (!vscode.workspace.isTrusted) return undefined;
  return vscode.workspace.workspaceFolders
    ?.filter(({ uri }) => uri.scheme === "file")
    .map(({ uri }) => uri.fsPath)
    .find((path) => existsSync(join(path, "rpc", "main.ts")) && existsSync(join(path, "repl.ts")));
}

/** Params of `client/start`; the server discovers what the settings leave out. */
function routerSettings(): ReturnType<PortsDeps["routerSettings"]> {
  const settings = vscode.workspace.getConfiguration("portcontrol");
  const protocols = settings.get<RouterProtocol[]>("protocols", []);
  const server = settings.get("gateway", "");
  const client = settings.get("clientAddress", "");
  const port = settings.get("gatewayPort", 5351);
  return {
    port,
    ...server === "" ? {} : { server },
    ...client === "" ? {} : { client },
    ...protocols.length === 0 ? {} : { protocols },
  };
}

/** The setting, or else the name of the workspace; both are other people's text in a shared workspace. */
function description(): string {
  const configured = vscode.workspace.getConfiguration("portcontrol").get("description", "");
  return cleanDescription(configured === "" ? vscode.workspace.name ?? "" : configured);
}

/** Closes the ports that killed windows left open: ports close with their window. */
async function closeLeftovers(known: Ports, folder: string): Promise<void> {
  let closed = 0;
  for (const file of leftStateFiles(folder)) {
    closed += await known.deleteLeftovers(file);
    removeWindow(file);
  }
  if (closed === 0) return;
  const what = closed === 1 ? "1 port" : `${closed} ports`;
  void vscode.window.showInformationMessage(`Closed ${what} of a window that had been killed.`);
}
