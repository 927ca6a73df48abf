import * as vscode from "vscode";
import { parsePort } from "./input.ts";
import { listeningPorts } from "./listening.ts";
import { type Gateway, type Port, portLabel, type Wish } from "./port.ts";

/** Asks for the port to open, one that a program listens on or a typed one; undefined if the user cancels. */
export async function askPort(last: Wish | undefined): Promise<Wish | undefined> {
  const listening = await listeningPorts();
  if (listening.length === 0) return await askTypedPort(last);
  const items = [
    { label: "$(edit) Another port…", description: "type its number", wish: undefined },
    ...listening.map(({ isLocalOnly, ...wish }) => ({
      label: `${wish.port}/${wish.protocol}`,
      description: isLocalOnly
        ? "a program listens, but on this computer's loopback address only"
        : "a program listens",
      wish,
    })),
  ];
  const placeHolder = "A port that a program of this computer listens on, or another one";
  const chosen = await vscode.window.showQuickPick(items, { title: TITLE, placeHolder });
  return chosen && (chosen.wish ?? await askTypedPort(last));
}

async function askTypedPort(last: Wish | undefined): Promise<Wish | undefined> {
  const typed = await vscode.window.showInputBox({
    title: TITLE,
    prompt: "The port that your program listens on, such as 3000, 3000/udp, or 3000 as 8080",
    value: last === undefined ? "" : String(last.port),
    validateInput: (text) => {
      const parsed = parsePort(text);
      return typeof parsed === "string" ? parsed : undefined;
    },
  });
  const parsed = parsePort(typed ?? "");
  if (typeof parsed === "string") return undefined;
  const { port, protocol, externalPort } = parsed;
  const suggested = externalPort === undefined ? {} : { externalPort };
  if (protocol !== undefined) return { port, protocol, ...suggested };
  const items = [
    { label: "TCP", description: "web servers, and most others", protocol: "tcp" as const },
    { label: "UDP", description: "games, calls, QUIC", protocol: "udp" as const },
  ];
  if (last?.protocol === "udp") items.reverse();
  const placeHolder = `Transport protocol of port ${port}`;
  const chosen = await vscode.window.showQuickPick(items, { title: TITLE, placeHolder });
  return chosen && { port, protocol: chosen.protocol, ...suggested };
}

/** Asks for the gateway, if a simulated one is in use besides the router. */
export async function askGateway(
  simulated: Gateway | undefined,
): Promise<Gateway["kind"] | undefined> {
  if (simulated === undefined) return "router";
  const items = [
    {
      label: "$(beaker) Simulated gateway",
      description: "opens nothing",
      is: "simulated" as const,
    },
    { label: "$(server) Router", description: "the default gateway", is: "router" as const },
  ];
  const placeHolder = "Which gateway is to open the port?";
  const chosen = await vscode.window.showQuickPick(items, { title: TITLE, placeHolder });
  return chosen?.is;
}

/** Asks for one of the open ports, if there are several. */
export async function askWhich(ports: readonly Port[]): Promise<Port | undefined> {
  if (ports.length === 0) void vscode.window.showInformationMessage("No port is open.");
  if (ports.length < 2) return ports[0];
  const items = ports.map((port) => ({ label: portLabel(port), port }));
  const placeHolder = "Which port?";
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.port;
}

const TITLE = "Open Port";
