import * as vscode from "vscode";
import { askGateway, askPort, askWhich } from "./ask.ts";
import type { Details } from "./details.ts";
import { endpoint, natWarning, type Port, portId, portLabel, stateText } from "./port.ts";
import type { Ports } from "./ports.ts";
import { tellError } from "./tell_error.ts";

/** Registers the commands of the palette, the view and its menus. */
export function registerCommands(
  ports: Ports,
  details: Details,
  log: vscode.LogOutputChannel,
  memory: vscode.Memento,
): vscode.Disposable {
  const busy = (title: string, run: () => Promise<unknown>) => () => progress(title, run);
  // A menu passes the id of its row; the palette passes none, so the command asks.
  const ofPort = (run: (port: Port) => Promise<void>) => async (row = "") => {
    const port = ports.find(row) ?? await askWhich(ports.ports);
    if (port !== undefined) await run(port);
  };
  const close = ofPort((port) =>
    progress(`Closing ${portLabel(port)}`, (_, token) => ports.close(port, token))
  );
  const starting = "Starting the server";
  const away = `The simulated gateway is away for ${REBOOT} s`;
  const commands: Record<string, [failure: string, run: (row?: string) => unknown]> = {
    openPort: ["Cannot open the port", () => openPort(ports, memory)],
    closePort: ["Cannot close the port", close],
    closeAll: ["Cannot close all ports", busy("Closing all ports", () => ports.disconnectAll())],
    simulate: ["Cannot simulate a gateway", async () => {
      await progress("Starting a simulated gateway", () => ports.connect("simulated"));
      await vscode.commands.executeCommand("portcontrol.mappings.focus");
    }],
    showTrace: ["Cannot show the trace", () => log.show(true)],
    restartServer: ["Cannot start the server", busy(starting, () => ports.restartServer())],
    restartGateway: ["Cannot restart the gateway", busy(away, () => ports.restartGateway(REBOOT))],
    renew: ["Cannot renew the mapping", ofPort((port) => ports.renew(port))],
    revoke: ["Cannot close the port", close],
    copyAddress: ["Cannot copy the address", ofPort((port) => copy(port, ""))],
    copyUrl: ["Cannot copy the URL", ofPort((port) => copy(port, "http://"))],
    showDetails: ["Cannot show the details", ofPort((port) => details.show(port))],
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, [failure, run]]) =>
      vscode.commands.registerCommand(`portcontrol.${name}`, async (row?: string) => {
        try {
          await run(row);
        } catch (error) {
          // Not awaited: the command ends while the notification stays open.
          void tellError(failure, error);
        }
      })
    ),
  );
}

async function openPort(ports: Ports, memory: vscode.Memento): Promise<void> {
  const kind = await askGateway(ports.simulated);
  const wish = kind && await askPort(memory.get("last"));
  if (kind === undefined || wish === undefined) return;
  await memory.update("last", wish);
  const id = `${kind} ${wish.protocol} ${wish.port}`;
  const known = ports.find(id);
  if (known !== undefined) return void tellOpen(known, "is open already");
  const lifetime = vscode.workspace.getConfiguration("portcontrol").get("lifetime", 3600);
  const title = `Opening ${wish.protocol} ${wish.port}`;
  const port = await progress(title, async (report, token) => {
    const gateway = await ports.connect(kind);
    const watching = ports.onDidChange(() => report(waitingText(ports.find(id))));
    return await ports.open(gateway, { ...wish, lifetime }, token).finally(() =>
      watching.dispose()
    );
  });
  void tellOpen(port, "is open");
}

/** The progress text while a port is being opened. */
function waitingText(port: Port | undefined): string {
  const state = port?.mapping?.state;
  if (port === undefined || state === undefined) return "";
  return port.gateway.trouble ?? stateText(state);
}

async function tellOpen(port: Port, how: string): Promise<void> {
  const text = `${portLabel(port)} ${how}.`;
  const warning = natWarning(port);
  const offers = port.protocol === "tcp" ? [COPY, COPY_URL, DETAILS] : [COPY, DETAILS];
  const chosen = warning === undefined
    ? await vscode.window.showInformationMessage(text, ...offers)
    : await vscode.window.showWarningMessage(`${text} But ${warning}.`, ...offers);
  const command = chosen && OFFERED[chosen];
  if (command !== undefined) await vscode.commands.executeCommand(command, portId(port));
}

/** Copies the external address and port, or the URL that begins with `scheme`. */
async function copy({ mapping }: Port, scheme: string): Promise<void> {
  if (!mapping?.assigned) throw new Error("nothing is assigned yet");
  await vscode.env.clipboard.writeText(scheme + endpoint(mapping.assigned));
}

/** Shows progress; `run` can be cancelled if it takes the token. */
async function progress<T>(
  title: string,
  run: (report: (message: string) => void, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const location = vscode.ProgressLocation.Notification;
  const cancellable = run.length === 2;
  return await vscode.window.withProgress({ location, title, cancellable }, (to, token) => {
    return run((message) => to.report({ message }), token);
  });
}

const COPY = "Copy External Address";
const COPY_URL = "Copy http:// URL";
const DETAILS = "Show Details";
const OFFERED: Readonly<Record<string, string>> = {
  [COPY]: "portcontrol.copyAddress",
  [COPY_URL]: "portcontrol.copyUrl",
  [DETAILS]: "portcontrol.showDetails",
};

/** Seconds without the simulated gateway: long enough for every renewal to be retransmitted (RFC 6887 section 8.1.1). */
const REBOOT = 10;
