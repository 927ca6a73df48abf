/** The VS Code extension repeats a part of the protocol and of itself; both must fit. */

import { assertEquals } from "@std/assert";
import type * as extension from "../../examples/vscode/src/api.ts";
import type * as rpc from "../../rpc/mod.ts";
import { readFile } from "../tools/repository.ts";

/** For the compiler: what the server sends is what the extension expects, and what it sends is accepted. */
type Fits<M extends Exclude<keyof extension.Requests, "shutdown">> = [
  extension.Requests[M][0] extends rpc.Requests[M]["params"] ? true : false,
  rpc.Requests[M]["result"] extends extension.Requests[M][1] ? true : false,
];
const REQUESTS: { [M in Exclude<keyof extension.Requests, "shutdown">]: Fits<M> } = {
  initialize: [true, true],
  "simulator/start": [true, true],
  "simulator/stop": [true, true],
  "client/start": [true, true],
  "client/deleteLeftovers": [true, true],
  "client/shutdown": [true, true],
  "mapping/request": [true, true],
  "mapping/ready": [true, true],
  "mapping/get": [true, true],
  "mapping/renew": [true, true],
  "mapping/revoke": [true, true],
};
const NOTIFICATIONS: {
  [M in keyof extension.Notifications]: rpc.Notifications[M] extends extension.Notifications[M]
    ? true
    : false;
} = {
  "mapping/alert": true,
  "client/error": true,
  "client/serverRestarted": true,
  "client/gateway": true,
};

Deno.test("every method of the extension is one of the server", async () => {
  const { methods } = JSON.parse(await readFile("rpc/openrpc.json")) as {
    methods: { name: string }[];
  };
  const known = methods.map(({ name }) => name);
  const used = [...Object.keys(REQUESTS), ...Object.keys(NOTIFICATIONS)];
  assertEquals(used.filter((name) => !known.includes(name)), []);
});

Deno.test("every command of the extension is declared and registered", async () => {
  const { contributes } = JSON.parse(await readFile("examples/vscode/package.json")) as Manifest;
  const declared = contributes.commands.map(({ command }) => command).sort();
  const code = await readFile("examples/vscode/src/commands.ts");
  const table = code.slice(code.indexOf("const commands"), code.indexOf("return vscode"));
  const registered = Array.from(
    table.matchAll(/^ {4}(\w+): \[/gm),
    ([, name]) => `portcontrol.${name}`,
  );
  assertEquals(registered.sort(), declared);
  const used = Object.values(contributes.menus).flat().map(({ command }) => command);
  assertEquals(used.filter((command) => !declared.includes(command)), []);
});

Deno.test("every setting of the extension is declared with a description, and read", async () => {
  const { contributes } = JSON.parse(await readFile("examples/vscode/package.json")) as Manifest;
  const code = await readFile("examples/vscode/src/extension.ts") +
    await readFile("examples/vscode/src/commands.ts");
  for (const [name, setting] of settingsOf(contributes)) {
    assertEquals(typeof setting.markdownDescription, "string", name);
    assertEquals(code.includes(`("${name.replace("portcontrol.", "")}"`), true, name);
  }
});

Deno.test("a workspace that is not trusted cannot choose the router or the server", async () => {
  const { contributes, capabilities } = JSON.parse(
    await readFile("examples/vscode/package.json"),
  ) as Manifest;
  const harmless = ["portcontrol.lifetime", "portcontrol.description"];
  const names = settingsOf(contributes).map(([name]) => name);
  const restricted = capabilities.untrustedWorkspaces.restrictedConfigurations;
  assertEquals(names.filter((name) => !harmless.includes(name)).sort(), restricted.sort());
});

function settingsOf({ configuration }: Manifest["contributes"]) {
  return configuration.flatMap(({ properties }) => Object.entries(properties));
}

interface Manifest {
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string }[];
    menus: Record<string, { command: string }[]>;
    configuration: { properties: Record<string, { markdownDescription?: string }> }[];
  };
}
