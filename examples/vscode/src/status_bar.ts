import * as vscode from "vscode";
import { portLabel, statusOf } from "./port.ts";
import type { Ports } from "./ports.ts";

/** Shows the number of live ports and the newest external address, and warns while a port is lost. */
export function showStatus(ports: Ports): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("portcontrol", vscode.StatusBarAlignment.Left);
  item.name = "Port mappings";
  item.command = "portcontrol.mappings.focus";
  const update = () => {
    const status = statusOf(ports.ports);
    if (status === undefined) return item.hide();
    item.text = status.text;
    item.tooltip = ports.ports.map(portLabel).join("\n");
    item.backgroundColor = status.warns
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
    item.show();
  };
  return vscode.Disposable.from(item, ports.onDidChange(update));
}
