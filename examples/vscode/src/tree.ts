import * as vscode from "vscode";
import { type Condition, conditionOf, type Gateway, gatewayLabel, natWarning } from "./port.ts";
import { type Port, portDescription, portId, portLabel, PROTOCOL_TITLES } from "./port.ts";
import type { Ports } from "./ports.ts";

/** The view *Port Mappings*: rows `gateway KIND`, below each `client KIND`, below that the ids of its ports. */
export class PortTree implements vscode.TreeDataProvider<string>, vscode.Disposable {
  readonly #ports: Ports;
  readonly #changed = new vscode.EventEmitter<string[] | undefined>();
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #rows: string[] = [];
  readonly #texts = new Map<string, string>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(ports: Ports) {
    this.#ports = ports;
    // Alerts of many ports come together: one refresh for all.
    ports.onDidChange(() => this.#soon ??= setTimeout(() => this.#refresh(), 50));
    // The remaining time changes without an event.
    this.#timer = setInterval(() => {
      const rows = this.#changedRows(Date.now());
      if (rows.length > 0) this.#changed.fire(rows);
    }, 1_000);
  }

  getChildren(row?: string): string[] {
    const { gateways, ports } = this.#ports;
    if (row === undefined) return gateways.map(({ kind }) => `gateway ${kind}`);
    const [type, kind] = row.split(" ");
    if (type === "gateway") return [`client ${kind}`];
    return type === "client" ? ports.filter((port) => port.gateway.kind === kind).map(portId) : [];
  }

  getTreeItem(row: string): vscode.TreeItem {
    const port = this.#ports.find(row);
    const gateway = this.#ports.gateways.find(({ kind }) => row.endsWith(kind));
    const item = port ? portItem(port) : gatewayItem(gateway, row.startsWith("client"));
    item.id = row;
    item.contextValue = port ? "port" : row;
    return item;
  }

  dispose(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#changed.dispose();
  }

  /** The ports whose text has changed since the last call. */
  #changedRows(now: number): string[] {
    return this.#ports.ports.flatMap((port) => {
      const [id, text] = [portId(port), portDescription(port, now)];
      if (this.#texts.get(id) === text) return [];
      this.#texts.set(id, text);
      return [id];
    });
  }

  /** Refreshes rows rather than the tree if it can: an open menu loses its row when the tree is read again. */
  #refresh(): void {
    this.#soon = undefined;
    const { gateways, ports } = this.#ports;
    const parents = gateways.flatMap(({ kind }) => [`gateway ${kind}`, `client ${kind}`]);
    const rows = [...parents, ...ports.map(portId)];
    this.#changed.fire(rows.join() === this.#rows.join() ? rows : undefined);
    this.#rows = rows;
  }
}

function gatewayItem(gateway: Gateway | undefined, isClient: boolean): vscode.TreeItem {
  const label = isClient ? "This computer" : gatewayLabel(gateway?.kind);
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  const icon = gateway?.kind === "simulated" ? "beaker" : "server";
  item.iconPath = new vscode.ThemeIcon(isClient ? "device-desktop" : icon);
  item.description = "not connected";
  const client = gateway?.client;
  if (client && isClient) item.description = client.client;
  else if (client) {
    const { protocol, trouble } = gateway;
    const way = protocol === undefined ? "" : `, ${PROTOCOL_TITLES[protocol]}`;
    item.description = trouble ?? `${client.server} port ${client.port}${way}`;
    item.tooltip = item.description;
  }
  return item;
}

function portItem(port: Port): vscode.TreeItem {
  const condition = conditionOf(port);
  const item = new vscode.TreeItem(portLabel(port));
  item.description = portDescription(port, Date.now());
  item.tooltip = [portLabel(port), item.description, natWarning(port) ?? []].flat().join("\n");
  const [icon, colour] = ICONS[condition];
  item.iconPath = new vscode.ThemeIcon(icon, colour ? new vscode.ThemeColor(colour) : undefined);
  // The text of a screen reader, in place of the icon.
  item.accessibilityInformation = { label: `${item.tooltip}, ${condition}` };
  return item;
}

const ICONS: Record<Condition, [icon: string, colour?: string]> = {
  live: ["pass-filled", "testing.iconPassed"],
  late: ["clock", "testing.iconQueued"],
  waiting: ["sync~spin"],
  closing: ["sync~spin"],
  lost: ["warning", "list.warningForeground"],
  unknown: ["question", "list.warningForeground"],
};
