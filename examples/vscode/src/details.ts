import * as vscode from "vscode";
import { detailsOf, type Port } from "./port.ts";
import type { Ports } from "./ports.ts";

/** Pages with the details of one port each, updated while they are open. */
export class Details implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #ports: Ports;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #shown = new Map<string, Port>();
  readonly #registrations: vscode.Disposable;
  readonly onDidChange = this.#changed.event;

  constructor(ports: Ports) {
    this.#ports = ports;
    this.#registrations = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      ports.onDidChange(() => {
        for (const uri of this.#shown.keys()) this.#changed.fire(vscode.Uri.parse(uri));
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#shown.delete(uri.toString())),
    );
  }

  /** Opens the page of a port. */
  async show(port: Port): Promise<void> {
    const path = `${port.protocol} ${port.port}`; // the title of the page
    const uri = vscode.Uri.from({ scheme: SCHEME, path, query: port.gateway.kind });
    this.#shown.set(uri.toString(), port);
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    const port = this.#shown.get(uri.toString());
    if (port === undefined) return "This port is not known any more.\n";
    return detailsOf(port, this.#ports.ports.includes(port), Date.now());
  }

  dispose(): void {
    this.#registrations.dispose();
    this.#changed.dispose();
  }
}

const SCHEME = "portcontrol";
