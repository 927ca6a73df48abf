import * as vscode from "vscode";
import { type Condition, conditionOf, type Gateway, gatewayLabel } from "./port.ts";
import { type Port, portDescription, portLabel } from "./port.ts";
import type { Ports } from "./ports.ts";

/** A gateway, this computer as its client, or a port. */
export interface Node {
  readonly id: string;
  readonly gateway: Gateway;
  /** Whether it stands for this computer. */
  readonly isClient: boolean;
  readonly port: Port | undefined;
}

/** The view *Port Mappings*. */
export class PortTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #ports: Ports;
  readonly #changed = new vscode.EventEmitter<Node[] | undefined>();
  readonly #nodes = new Map<string, Node>();
  readonly #timer: NodeJS.Timeout;
  #shape = "";
  #texts = "";
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(ports: Ports) {
    this.#ports = ports;
    ports.onDidChange(() => this.#refresh());
    // Time passes without an event; drawn anew only when it makes a difference.
    this.#timer = setInterval(() => {
      const texts = ports.ports.map((port) => portDescription(port, Date.now())).join();
      if (texts !== this.#texts) this.#refresh();
      this.#texts = texts;
    }, 1_000);
  }

  getChildren(node?: Node): Node[] {
    const { gateways, ports } = this.#ports;
    if (node === undefined) return gateways.map((gateway) => this.#node(gateway, false));
    if (node.port !== undefined) return [];
    if (!node.isClient) return [this.#node(node.gateway, true)];
    return ports.filter(({ gateway }) => gateway === node.gateway)
      .map((port) => this.#node(port.gateway, false, port));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.port === undefined ? gatewayItem(node) : portItem(node.id, node.port);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#changed.dispose();
  }

  /** As little as possible: in a tree that is read anew, a menu that is open has lost what it is about. */
  #refresh(): void {
    const { gateways, ports } = this.#ports;
    const shape = [...gateways.map(({ kind }) => kind), ...ports.map(portId)].join();
    this.#changed.fire(shape === this.#shape ? [...this.#nodes.values()] : undefined);
    if (shape !== this.#shape) this.#nodes.clear();
    this.#shape = shape;
  }

  #node(gateway: Gateway, isClient: boolean, port?: Port): Node {
    const id = port ? portId(port) : `${isClient ? "client" : "gateway"} ${gateway.kind}`;
    const node = this.#nodes.get(id) ?? { id, gateway, isClient, port };
    this.#nodes.set(id, node);
    return node;
  }
}

function portId({ gateway, protocol, port }: Port): string {
  return `${gateway.kind} ${protocol} ${port}`;
}

function gatewayItem({ id, gateway: { kind, client }, isClient }: Node): vscode.TreeItem {
  const label = isClient ? "This computer" : gatewayLabel({ kind });
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = item.contextValue = id;
  const icon = isClient ? "device-desktop" : kind === "simulated" ? "beaker" : "server";
  item.iconPath = new vscode.ThemeIcon(icon);
  item.description = "not connected";
  if (client !== undefined) {
    item.description = isClient ? client.client : `${client.server} port ${client.port}`;
  }
  return item;
}

function portItem(id: string, port: Port): vscode.TreeItem {
  const condition = conditionOf(port);
  const item = new vscode.TreeItem(portLabel(port));
  item.id = id;
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
