import * as vscode from "vscode";
import { type Condition, conditionOf, type Gateway, gatewayLabel } from "./port.ts";
import { type Port, portDescription, portLabel } from "./port.ts";
import type { Ports } from "./ports.ts";

/** A gateway, this computer as its client, or a port. */
export type Node = { type: "gateway" | "client"; gateway: Gateway } | { type: "port"; port: Port };

/** The view *Port Mappings*. */
export class PortTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #ports: Ports;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #timer: NodeJS.Timeout;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(ports: Ports) {
    this.#ports = ports;
    ports.onDidChange(() => this.#changed.fire());
    let shown = "";
    // Time passes without an event; drawn anew only when it makes a difference.
    this.#timer = setInterval(() => {
      const now = ports.ports.map((port) => portDescription(port, Date.now())).join();
      if (now !== shown) this.#changed.fire();
      shown = now;
    }, 1_000);
  }

  getChildren(node?: Node): Node[] {
    if (node === undefined) {
      return this.#ports.gateways.map((gateway) => ({ type: "gateway", gateway }));
    }
    if (node.type === "port") return [];
    if (node.type === "gateway") return [{ type: "client", gateway: node.gateway }];
    const ports = this.#ports.ports.filter(({ gateway }) => gateway === node.gateway);
    return ports.map((port) => ({ type: "port", port }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.type === "port" ? portItem(node.port) : gatewayItem(node);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#changed.dispose();
  }
}

function gatewayItem({ type, gateway }: Exclude<Node, { type: "port" }>): vscode.TreeItem {
  const { kind, client } = gateway;
  const isGateway = type === "gateway";
  const item = new vscode.TreeItem(
    isGateway ? gatewayLabel(gateway) : "This computer",
    vscode.TreeItemCollapsibleState.Expanded,
  );
  item.id = `${type} ${kind}`;
  item.contextValue = item.id;
  const icon = !isGateway ? "device-desktop" : kind === "simulated" ? "beaker" : "server";
  item.iconPath = new vscode.ThemeIcon(icon);
  item.description = client === undefined
    ? "not connected"
    : isGateway
    ? `${client.server} port ${client.port}`
    : client.client;
  return item;
}

function portItem(port: Port): vscode.TreeItem {
  const condition = conditionOf(port);
  const item = new vscode.TreeItem(portLabel(port));
  item.id = `${port.gateway.kind} ${port.protocol} ${port.port}`;
  item.contextValue = "mapping";
  item.description = portDescription(port, Date.now());
  item.tooltip = `${portLabel(port)}\n${item.description}`;
  const [icon, colour] = ICONS[condition];
  item.iconPath = new vscode.ThemeIcon(icon, colour ? new vscode.ThemeColor(colour) : undefined);
  // What a screen reader says, in the place of the icon.
  item.accessibilityInformation = { label: `${item.tooltip}, ${condition}` };
  return item;
}

const ICONS: Record<Condition, [icon: string, colour?: string]> = {
  live: ["pass-filled", "testing.iconPassed"],
  waiting: ["sync~spin"],
  closing: ["sync~spin"],
  lost: ["warning", "list.warningForeground"],
  unknown: ["question", "list.warningForeground"],
};
