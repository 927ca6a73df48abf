import { assertEquals } from "@std/assert";
import { ResultCode } from "../../mod.ts";
import { serversOf } from "./processes.ts";
import { until } from "./workbench.ts";
import type { Step, StepContext } from "./step.ts";

/** Servers that are missing, die or find no gateway, and windows that close. */
export const TROUBLE_STEPS: readonly Step[] = [
  ["a server that is killed is reported, and its ports are unknown", async (context) => {
    const { workbench, run } = context;
    await workbench.command("Port Control: Try with a Simulated Gateway");
    await workbench.row("Simulated gateway").waitFor();
    await openPort(context, "Simulated gateway", "6000/tcp");
    await workbench.notice("is open.").waitFor();
    await workbench.clearNotices();
    await kill(run);
    await workbench.notice("The port mapping server is gone: it ended by SIGKILL").waitFor();
    await workbench.row("unknown: the server is gone").waitFor();
    await workbench.warning("1 port unknown").waitFor();
    await workbench.picture("server_gone");
  }],
  ["Restart brings the server back, and its ports with it", async ({ workbench, run }) => {
    await workbench.press("The port mapping server is gone", "Restart");
    await workbench.status("1 port · 203.0.113.5:6000").waitFor();
    await workbench.warning("").waitFor({ state: "hidden" });
    assertEquals((await serversOf(run)).length, 1);
  }],
  ["a server that dies at once is reported with its last line", async (context) => {
    const { workbench, deno } = context;
    await deno.fails("error: the disk is on fire", 3);
    await workbench.command("Port Control: Restart the Server");
    const last = "Cannot start the server: it ended with exit code 3: error: the disk is on fire";
    await workbench.notice(last).waitFor();
    await workbench.warning("1 port unknown").waitFor();
    await workbench.clearNotices();
  }],
  ["without Deno the notice offers to get it", async ({ workbench, deno }) => {
    await deno.isMissing();
    await workbench.command("Port Control: Restart the Server");
    const notice = workbench.notice(/Deno, which runs the server, is not installed/);
    await notice.waitFor();
    assertEquals(await notice.locator(".monaco-button", { hasText: "Get Deno" }).count(), 1);
    await workbench.picture("no_deno");
    await deno.works();
    await workbench.press(/is not installed/, "Restart");
    await workbench.status("1 port · 203.0.113.5:6000").waitFor();
  }],
  ["without a gateway a simulated one is offered", async (context) => {
    const { workbench, deno } = context;
    await deno.isOffline();
    await workbench.command("Port Control: Restart the Server");
    await workbench.status("1 port · 203.0.113.5:6000").waitFor();
    await openPort(context, "Router", "6001/tcp");
    const notice = workbench.notice("Cannot open the port: no gateway was found");
    await notice.waitFor();
    assertEquals(await notice.locator(".monaco-button", { hasText: "Simulate One" }).count(), 1);
    assertEquals(await workbench.row("tcp 6001").count(), 0);
    await workbench.clearNotices();
    await deno.works();
    await workbench.command("Port Control: Close All Ports");
    await workbench.row("tcp 6000").waitFor({ state: "hidden" });
  }],
  ["a refusal is shown with advice, and the mapping comes up later", async (context) => {
    const { workbench, editor, router } = context;
    const title = await editor.configure({
      "portcontrol.gateway": router.local.hostname,
      "portcontrol.clientAddress": router.local.hostname,
      "portcontrol.gatewayPort": router.local.port,
    });
    await workbench.reload(title);
    router.server.fail(ResultCode.NoResources, { lifetime: 3 });
    await openPort(context, undefined, "6001/tcp");
    await workbench.notice(/NO_RESOURCES.* Try again in a minute\./).waitFor();
    await workbench.row("refused: NO_RESOURCES").waitFor();
    await workbench.warning("1 of 1 port lost").waitFor();
    await workbench.picture("refused");
    await workbench.status("1 port · 203.0.113.5:6001").waitFor({ timeout: 60_000 });
    await workbench.clearNotices();
  }],
  ["a router has the same mapping after the server was killed", async (context) => {
    const { workbench, run, router } = context;
    const before = [...router.server.mappings.keys()];
    assertEquals(before.length, 1);
    await kill(run);
    await workbench.press("The port mapping server is gone", "Restart");
    await workbench.status("1 port · 203.0.113.5:6001").waitFor();
    assertEquals([...router.server.mappings.keys()], before);
  }],
  ["a port that is closed while there is no server is closed by the next one", async (context) => {
    const { workbench, run, router } = context;
    await kill(run);
    await workbench.rowMenu("tcp 6001", "Revoke");
    await workbench.row("tcp 6001").waitFor({ state: "hidden" });
    assertEquals(router.server.mappings.size, 1);
    await workbench.press("The port mapping server is gone", "Restart");
    await until("the deletion", () => Promise.resolve(router.server.mappings.size), (n) => n === 0);
  }],
  ["the ports of a window that was killed are closed by the next one", async (context) => {
    const { workbench, run, home, router } = context;
    await openPort(context, undefined, "6005/tcp");
    await workbench.status("1 port · 203.0.113.5:6005").waitFor();
    assertEquals(router.server.mappings.size, 1);
    await kill(run);
    // As if the window had been killed with its server.
    const windows = `${home}/.local/share/code-server/User/globalStorage/portcontrol.portcontrol`;
    const [window] = await Array.fromAsync(Deno.readDir(windows), ({ name }) => name);
    const { pid, status } = new Deno.Command("true").spawn();
    await status;
    await Deno.mkdir(`${windows}/${pid}`);
    await Deno.copyFile(`${windows}/${window}/router.json`, `${windows}/${pid}/router.json`);
    await workbench.reload();
    await workbench.notice("Closed 1 port of a window that had been killed.").waitFor();
    assertEquals(router.server.mappings.size, 0);
    await workbench.clearNotices();
  }],
  ["a request without a response is reported, and can be cancelled", async (context) => {
    const { workbench, router } = context;
    router.server.silent = true;
    await openPort(context, undefined, "6002/udp");
    await workbench.notice("Nothing at 127.0.0.1 answers in ").waitFor();
    await workbench.row("udp 6002").waitFor();
    await workbench.status("1 port waiting").waitFor();
    await workbench.press("Nothing at 127.0.0.1", "Cancel");
    await workbench.row("udp 6002").waitFor({ state: "hidden" });
  }],
  ["a reload in the middle of opening a port leaves nothing behind", async (context) => {
    const { workbench, run } = context;
    await openPort(context, undefined, "6003/udp");
    await workbench.row("udp 6003").waitFor();
    assertEquals((await serversOf(run)).length, 1);
    await workbench.reload();
    await until("the end of the server", () => serversOf(run), (seen) => seen.length === 0);
    assertEquals(await workbench.row("udp 6003").count(), 0);
  }],
  ["an untrusted workspace cannot choose the server", async (context) => {
    const { workbench, editor, home, deno } = context;
    const folder = `${home}/untrusted`;
    await Deno.mkdir(`${folder}/.vscode`, { recursive: true });
    const evil = ["touch", `${home}/touched`];
    const settings = {
      "portcontrol.serverCommand": evil,
      "portcontrol.denoPath": evil[0],
      "portcontrol.gateway": "192.0.2.1",
    };
    await Deno.writeTextFile(`${folder}/.vscode/settings.json`, JSON.stringify(settings));
    const title = await editor.configure({
      "security.workspace.trust.enabled": true,
      "security.workspace.trust.startupPrompt": "never",
      "portcontrol.serverCommand": [deno.path, "run", "-A", MAIN, "--stdio", "--trace"],
    });
    await workbench.open(editor.address(folder), title);
    await workbench.page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor();
    await workbench.command("Port Control: Try with a Simulated Gateway");
    await workbench.row("Simulated gateway").waitFor();
    await openPort(context, "Simulated gateway", "6004/tcp");
    await workbench.status("1 port · 203.0.113.5:6004").waitFor();
    assertEquals(await Deno.stat(`${home}/touched`).then(() => true, () => false), false);
    await workbench.picture("untrusted");
  }],
  ["a configured command that does not exist is named", async ({ workbench, deno }) => {
    await deno.isMissing();
    await workbench.command("Port Control: Restart the Server");
    await workbench.notice(`there is no program "${deno.path}"`).waitFor();
    await deno.works();
    await workbench.press("there is no program", "Restart");
    await workbench.status("1 port · 203.0.113.5:6004").waitFor();
  }],
  ["the server ends with the window", async ({ workbench, run }) => {
    assertEquals((await serversOf(run)).length, 1);
    await workbench.page.close({ runBeforeUnload: true });
    await until("the end of the server", () => serversOf(run), (seen) => seen.length === 0);
  }],
];

const MAIN = new URL("../../rpc/main.ts", import.meta.url).pathname;

/** Chooses *Open Port…* and answers its questions; the one for a gateway comes only beside a simulated one. */
async function openPort(
  { workbench }: StepContext,
  gateway: string | undefined,
  port: string,
): Promise<void> {
  await workbench.command("Port Control: Open Port…");
  if (gateway !== undefined) await workbench.choose(gateway);
  await workbench.choose("Another port…");
  await workbench.answer(port);
  await workbench.enter();
}

/** Kills the server, as a system does when it runs out of memory. */
async function kill(run: string): Promise<void> {
  const servers = await serversOf(run);
  assertEquals(servers.length, 1);
  for (const pid of servers) Deno.kill(pid, "SIGKILL");
}
