/**
 * What the library can do, the editor can do: the extension whole, with a stand-in for the module `vscode`, the real JSON-RPC
 * server and a simulated gateway. One test for each feature.
 */

import { assertEquals, assertMatch } from "@std/assert";
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { Client, FileStore, InboundMap, ResultCode } from "../../mod.ts";
import { type ServerHost, type ServerOptions, startLoopbackServer } from "../../src/testing/mod.ts";
import { type FakeEditor, newEditor } from "./vscode_module.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("editor, DESCRIPTION: the workspace's name by default, on one line and without control characters", async () => {
  await using code = await EditorWindow.open({}, "my\n\u001b[31mgame\u0007");
  await code.openPort("6000/tcp");
  assertEquals(code.descriptions, ["my [31mgame"]);
  code.editor.settings.description = "a demo";
  await code.openPort("6001/tcp");
  assertEquals(code.descriptions, ["my [31mgame", "a demo"]);
});

Deno.test("editor, suggestions: another external port is asked for, and is copied", async () => {
  await using code = await EditorWindow.open();
  await code.openPort("6000/tcp as 8080");
  assertEquals(code.editor.notices, ["tcp 6000 -> 203.0.113.5:8080 is open."]);
  await code.command("copyUrl");
  assertEquals(code.editor.clipboard, "http://203.0.113.5:8080");
});

Deno.test("editor, protocols: each can be forced, and is named in tree, status bar and details", async () => {
  for (const [protocol, title] of PROTOCOLS) {
    await using code = await EditorWindow.open({ protocols: ["pcp", "nat-pmp", "upnp"] });
    code.editor.settings.protocols = [protocol];
    await code.openPort("6000/udp");
    await code.until(() => code.editor.status.text.endsWith(` · ${title}`));
    assertMatch(code.editor.rows().join("\n"), new RegExp(`^Router .*, ${title}$`, "m"));
    await code.command("showDetails");
    assertMatch(code.editor.pageText(), new RegExp(`^Protocol {2}${title}$`, "m"));
  }
});

Deno.test("editor, trace: the output channel has each datagram, decoded", async () => {
  await using code = await EditorWindow.open();
  await code.openPort("6000/tcp");
  assertMatch(code.editor.lines.join("\n"), /^-> .* PCP MAP request, tcp 6000/m);
  assertMatch(code.editor.lines.join("\n"), /^<- .* PCP MAP response, SUCCESS, tcp 6000/m);
});

Deno.test("editor, leftovers: those of a window that was killed are deleted at the start", async () => {
  await using code = await EditorWindow.prepare();
  const { pid, status } = new Deno.Command("true").spawn();
  await status;
  await Deno.mkdir(`${code.storage}/${pid}`);
  const { hostname, port } = code.router.local;
  const store = new FileStore(`${code.storage}/${pid}/router.json`);
  const killed = await Client.start(hostname, hostname, { port, store });
  await killed.request(new InboundMap(6000, 3600)).ready();
  await killed.shutdown({ keep: true });
  assertEquals(code.router.server.mappings.size, 1);
  code.activate();
  await code.until(() => code.editor.notices.length > 0);
  assertEquals(code.editor.notices, ["Closed 1 port of a window that had been killed."]);
  assertEquals(code.router.server.mappings.size, 0);
});

for (
  const [externalAddress, notice, status] of [
    [
      "192.168.0.5",
      /is open\. But 192\.168\.0\.5 .*second NAT.*bridge mode/,
      "behind a second NAT",
    ],
    [
      "100.64.0.5",
      /is open\. But 100\.64\.0\.5 .*carrier NAT.*Ask the provider/,
      "behind the provider's NAT",
    ],
  ] as const
) {
  Deno.test(`editor, not reachable: notice, tree, status bar and details say that ${externalAddress} is ${status}`, async () => {
    await using code = await EditorWindow.open({ externalAddress });
    await code.openPort("6000/tcp");
    assertMatch(code.editor.notices.join(), notice);
    await code.until(() => code.editor.status.text.endsWith(status));
    assertMatch(code.editor.rows().join("\n"), new RegExp(`tcp 6000 .*${status}$`, "m"));
    await code.command("showDetails");
    assertMatch(code.editor.pageText(), /^[\d.]+ is .*\(\w+ NAT\)/m);
  });
}

Deno.test("editor, options ignored: the details name what the router refused", async () => {
  await using code = await EditorWindow.open();
  code.router.server.fail(ResultCode.MalformedOption);
  await code.openPort("6000/tcp");
  assertEquals(code.descriptions, [undefined]);
  await code.command("showDetails");
  assertMatch(code.editor.pageText(), /^Ignored {3}description: the router refused it$/m);
});

Deno.test("editor: without Deno one sentence says so, and nothing is listed", async () => {
  await using code = await EditorWindow.open();
  delete code.editor.settings.serverCommand;
  code.editor.settings.denoPath = "/nowhere/deno";
  await code.openPort("6000/tcp");
  assertEquals(code.editor.notices, [
    'Cannot open the port: Deno, which runs the server, is not installed, or not found as "/nowhere/deno"',
  ]);
  assertEquals(code.editor.rows(), []);
});

Deno.test("editor: a server that Deno cannot download is named, with the way out", async () => {
  await using code = await EditorWindow.open();
  delete code.editor.settings.serverCommand;
  const deno = code.editor.settings.denoPath = `${code.storage}/deno`;
  const error = "error: JSR package manifest for '@portcontrol/pcp' failed to load.";
  await Deno.writeTextFile(deno, `#!/bin/sh\necho "${error}" >&2; exit 1\n`, { mode: 0o755 });
  await code.openPort("6000/tcp");
  assertMatch(
    code.editor.notices.join(),
    /^Cannot open the port: Deno cannot download .* jsr:.*\/rpc\/main\. Is .* online\?.*serverCommand/,
  );
});

Deno.test("editor: 1,000 ports are listed, counted, and closed", async () => {
  await using code = await EditorWindow.open();
  for (let first = 10_000; first < 11_000; first += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => code.openPort(`${first + n}/udp`)));
  }
  await code.until(() => code.editor.status.text.includes("1000 ports · "));
  assertEquals(code.editor.rows().filter((row) => row.endsWith(" left")).length, 1_000);
  await code.command("closeAll");
  assertEquals([code.editor.rows(), code.router.server.mappings.size], [[], 0]);
});

const PROTOCOLS = [["pcp", "PCP"], ["nat-pmp", "NAT-PMP"], ["upnp", "UPnP"]] as const;

/** A window with the extension, and its router. */
class EditorWindow implements AsyncDisposable {
  readonly router: ServerHost;
  readonly editor: FakeEditor;
  /** The folder that all windows share. */
  readonly storage: string;
  readonly #extension: Extension;
  readonly #subscriptions: { dispose(): void }[] = [];

  private constructor(router: ServerHost, storage: string, extension: Extension) {
    this.router = router;
    this.storage = storage;
    this.#extension = extension;
    this.editor = newEditor();
    const { hostname, port } = router.local;
    Object.assign(this.editor.settings, {
      gateway: hostname,
      clientAddress: hostname,
      gatewayPort: port,
      serverCommand: [Deno.execPath(), "run", "-A", MAIN, "--stdio", "--trace"],
    });
  }

  static async prepare(options: ServerOptions = {}): Promise<EditorWindow> {
    const extension = await loadExtension();
    const router = await startLoopbackServer(options);
    return new EditorWindow(router, await Deno.makeTempDir(), extension);
  }

  static async open(options: ServerOptions = {}, workspaceName = "demo"): Promise<EditorWindow> {
    const code = await EditorWindow.prepare(options);
    code.editor.workspaceName = workspaceName;
    code.activate();
    return code;
  }

  activate(): void {
    const memory = new Map<string, unknown>();
    this.#extension.activate({
      extension: { packageJSON: { version: "0.1.0" } },
      globalState: {
        get: (name) => memory.get(name),
        update: (name, value) => Promise.resolve(void memory.set(name, value)),
      },
      globalStorageUri: { fsPath: this.storage },
      subscriptions: this.#subscriptions,
    });
  }

  /** The descriptions in the router's list, without the spaces that pad the option. */
  get descriptions(): (string | undefined)[] {
    return [...this.router.server.mappings.values()].map(({ description }) =>
      description?.trimEnd()
    );
  }

  async command(name: string): Promise<void> {
    await this.editor.commands.get(`portcontrol.${name}`)?.();
  }

  /** Chooses *Open Port…*, and types a port. */
  async openPort(typed: string): Promise<void> {
    this.editor.typed.push(typed);
    await this.command("openPort");
  }

  /** Waits until something shows. */
  async until(isShown: () => boolean): Promise<void> {
    for (let turn = 0; !isShown(); turn++) {
      if (turn > 500) throw new Error(`Waited in vain: ${Deno.inspect(this.editor)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#extension.deactivate();
    for (const part of this.#subscriptions) part.dispose();
    this.router.close();
    await Deno.remove(this.storage, { recursive: true });
  }
}

const MAIN = fileURLToPath(new URL("rpc/main.ts", ROOT));

/** The functions that VS Code calls. */
interface Extension {
  activate(context: {
    extension: { packageJSON: { version: string } };
    globalState: {
      get(name: string): unknown;
      update(name: string, value: unknown): Promise<void>;
    };
    globalStorageUri: { fsPath: string };
    subscriptions: { dispose(): void }[];
  }): void;
  deactivate(): Promise<void>;
}

let loaded: Promise<Extension> | undefined;

/** The extension in one file, which imports the stand-in of this test. */
function loadExtension(): Promise<Extension> {
  return loaded ??= (async () => {
    const standIn = new URL("vscode_module.ts", import.meta.url).href;
    const folder = await Deno.makeTempDir();
    try {
      await esbuild.build({
        entryPoints: [fileURLToPath(new URL("examples/vscode/src/extension.ts", ROOT))],
        outfile: `${folder}/extension.mjs`,
        bundle: true,
        format: "esm",
        platform: "node",
        external: ["vscode-jsonrpc"],
        plugins: [{
          name: "vscode",
          setup: ({ onResolve }) =>
            onResolve({ filter: /^vscode$/ }, () => ({ path: standIn, external: true })),
        }],
      });
      return await import(`file://${folder}/extension.mjs`) as Extension;
    } finally {
      await esbuild.stop();
      await Deno.remove(folder, { recursive: true });
    }
  })();
}
