import { assertEquals, assertMatch } from "@std/assert";
import { type ServerHost, type ServerOptions, startLoopbackServer } from "../../src/testing/mod.ts";
import type { Step, StepContext } from "./step.ts";
import { until } from "./workbench.ts";

/** Routers of other kinds than the simulated gateway of the extension, which the settings name. */
export const ROUTER_STEPS: readonly Step[] = [
  ["U-1: a router that speaks UPnP only is used, and the view says so", async (context) => {
    const { workbench } = context;
    await atRouter(context, { protocols: ["upnp"] }, async (router) => {
      await open(context, "6000/tcp");
      await workbench.notice("tcp 6000 -> 203.0.113.5:6000 is open").waitFor();
      const { port } = router.local;
      await workbench.row(`127.0.0.1 port ${port}, UPnP`).waitFor();
      await workbench.status("1 port · 203.0.113.5:6000 · UPnP").waitFor();
      assertEquals(await workbench.warning("").count(), 0);
      const entries = router.igd?.mappings.values() ?? [];
      assertEquals([...entries].map(({ externalPort }) => externalPort), [6000]);
      await workbench.rowMenu("tcp 6000", "Show Details");
      await until(
        "the protocol",
        () => workbench.editorText(),
        (text) => /Protocol {2}UPnP.*assigned 203\.0\.113\.5:6000/s.test(text),
      );
      await workbench.picture("upnp");
      await workbench.rowMenu("tcp 6000", "Revoke");
      await workbench.row("tcp 6000").waitFor({ state: "hidden" });
      assertEquals(router.igd?.mappings.size, 0);
    });
  }],
  [
    "a NAT of the provider behind the router is warned of, with what to do (D-1)",
    async (context) => {
      const { workbench } = context;
      const behind: ServerOptions = { protocols: ["upnp"], externalAddress: "100.64.0.5" };
      await atRouter(context, behind, async () => {
        await open(context, "6000/tcp");
        const notice = workbench.notice("tcp 6000 -> 100.64.0.5:6000 is open. But ");
        await notice.waitFor();
        assertMatch(await notice.textContent() ?? "", /carrier NAT.*Ask the provider/);
        await workbench.row("behind the provider's NAT").waitFor();
        await workbench.warning("100.64.0.5:6000 · UPnP · behind the provider's NAT").waitFor();
        await workbench.picture("second_nat");
      });
    },
  ],
  ["control characters of a description reach no router as such", async (context) => {
    const { workbench, editor } = context;
    await editor.configure({ "portcontrol.description": "demo\n\u001b[31mred\u0007 " });
    await atRouter(context, { protocols: ["upnp"] }, async (router) => {
      await open(context, "6000/tcp");
      await workbench.status("1 port · 203.0.113.5:6000 · UPnP").waitFor();
      const [entry] = router.igd?.mappings.values() ?? [];
      assertMatch(entry?.description ?? "", /^[\x20-\x7e]*demo[\x20-\x7e]*red/);
    });
    await editor.configure({ "portcontrol.description": "" });
  }],
];

/** Runs a step at a router that the settings name meanwhile. */
async function atRouter(
  { workbench, editor }: StepContext,
  options: ServerOptions,
  run: (router: ServerHost) => Promise<void>,
): Promise<void> {
  const router = await startLoopbackServer(options);
  const { hostname, port } = router.local;
  try {
    const title = await editor.configure({
      "portcontrol.gateway": hostname,
      "portcontrol.clientAddress": hostname,
      "portcontrol.gatewayPort": port,
    });
    await workbench.reload(title);
    await run(router);
    await workbench.clearNotices();
    await workbench.command("Port Control: Close All Ports");
    await workbench.row("Router").waitFor({ state: "hidden" });
  } finally {
    router.close();
  }
  const title = await editor.configure({
    "portcontrol.gateway": "",
    "portcontrol.clientAddress": "",
    "portcontrol.gatewayPort": 5351,
  });
  await workbench.reload(title);
}

/** Chooses *Open Port…* and types a port; there is no simulated gateway, so the router is not asked for. */
async function open({ workbench }: StepContext, port: string): Promise<void> {
  await workbench.command("Port Control: Open Port…");
  await workbench.choose("Another port…");
  await workbench.answer(port);
  await workbench.enter();
}
