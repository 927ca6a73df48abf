import * as vscode from "vscode";
import { statusOf, tooltipOf } from "./port.ts";
import type { Ports } from "./ports.ts";

/** Shows the number of live ports and the newest external address, and warns while a port is lost. */
export function showStatus(ports: Ports): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("portcontrol", vscode.StatusBarAlignment.Left);
  item.name = "Port mappings";
  item.command = "portcontrol.mappings.focus";
  let soon: NodeJS.Timeout | undefined;
  const update = () => {
    soon = undefined;
    const status = statusOf(ports.ports);
    if (status === undefined) return item.hide();
    item.text = status.text;
    item.tooltip = tooltipOf(ports.ports);
    item.backgroundColor = status.warns
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
    item.show();
  };
  return vscode.Disposable.from(
    item,
    // Alerts of many ports come together: one update for all.
    ports.onDidChange(() => soon ??= setTimeout(update, 50)),
    new vscode.Disposable(() => clearTimeout(soon)),
  );
}
