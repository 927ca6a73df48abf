import { assertEquals, assertMatch } from "@std/assert";
import { serversOf } from "./processes.ts";
import { until } from "./workbench.ts";
import type { Step } from "./step.ts";

/** A port from the first request to its end, at the simulated gateway. */
export const PORT_STEPS: readonly Step[] = [
  ["the view offers commands while no port is open", async ({ workbench }) => {
    await workbench.activityIcon().click();
    await workbench.widen();
    const welcome = workbench.page.locator(".part.sidebar .welcome-view-content");
    await welcome.waitFor();
    assertMatch(await welcome.textContent() ?? "", /No port .* is open.*Open Port….*Simulated/);
  }],
  ["a simulated gateway and this computer appear in the tree", async ({ workbench, run }) => {
    assertEquals(await serversOf(run), []); // the server starts when it is needed
    await workbench.command("Port Control: Try with a Simulated Gateway");
    await workbench.row("Simulated gateway").waitFor();
    await workbench.row("This computer").waitFor();
    assertEquals((await serversOf(run)).length, 1);
  }],
  ["input that is no port is refused with the reason", async ({ workbench }) => {
    await workbench.command("Port Control: Open Port…");
    await workbench.choose("Simulated gateway");
    await workbench.choose("Another port…");
    for (const text of ["65536", "0", "http"]) {
      await workbench.answer(text);
      const complaint = workbench.complaint();
      await until(
        "the reason",
        () => complaint.textContent(),
        (seen) => seen?.includes(`got "${text}"`) ?? false,
      );
    }
    await workbench.picture("input");
  }],
  ["a port is opened, and seen in the tree and the status bar", async ({ workbench }) => {
    await workbench.answer("6000");
    await workbench.enter();
    await workbench.choose("TCP");
    await workbench.notice("tcp 6000 -> 203.0.113.5:6000 is open").waitFor();
    const row = workbench.row("tcp 6000 -> 203.0.113.5:6000");
    await row.waitFor();
    await until(
      "the time",
      () => row.textContent(),
      (text) => /(59 min|1 h) left/.test(text ?? ""),
    );
    await row.locator(".codicon-pass-filled").waitFor();
    await workbench.status("1 port · 203.0.113.5:6000 · PCP").waitFor();
    await workbench.warning("").waitFor({ state: "hidden" });
    await workbench.picture("open");
  }],
  ["a port that a program listens on is offered", async ({ workbench }) => {
    await workbench.clearNotices();
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    await workbench.command("Port Control: Open Port…");
    await workbench.choose("Simulated gateway");
    const { port } = listener.addr;
    await workbench.choose(`${port}/tcp`);
    await workbench.notice(`tcp ${port} -> 203.0.113.5:${port} is open`).waitFor();
    await workbench.rowMenu(`tcp ${port}`, "Revoke");
    await workbench.row(`tcp ${port}`).waitFor({ state: "hidden" });
  }],
  [
    "the last port and protocol are remembered, and two ports are counted",
    async ({ workbench }) => {
      await workbench.clearNotices();
      await workbench.command("Port Control: Open Port…");
      await workbench.choose("Simulated gateway");
      await workbench.choose("Another port…");
      const input = workbench.page.locator(".quick-input-widget input.input");
      await until(
        "the last port",
        () => workbench.page.evaluate("document.activeElement.value"),
        (seen) => /^\d+$/.test(String(seen)),
      );
      assertEquals(await input.count(), 1);
      await workbench.answer("7000/udp");
      await workbench.enter();
      await workbench.notice("udp 7000 -> 203.0.113.5:7000 is open").waitFor();
      await workbench.status("2 ports · 203.0.113.5:7000").waitFor();
      await workbench.notice("Opening udp 7000").waitFor({ state: "hidden" });
      await workbench.picture("ports");
    },
  ],
  ["a port that is open already is not requested again", async ({ workbench }) => {
    await workbench.clearNotices();
    await workbench.command("Port Control: Open Port…");
    await workbench.choose("Simulated gateway");
    await workbench.choose("Another port…");
    await workbench.answer("7000/udp");
    await workbench.enter();
    await workbench.notice("udp 7000 -> 203.0.113.5:7000 is open already").waitFor();
    assertEquals(await workbench.row("udp 7000").count(), 1);
    await workbench.clearNotices();
  }],
  ["the external address is copied", async ({ workbench }) => {
    await workbench.rowMenu("tcp 6000", "Copy External Address");
    await until("the address", () => workbench.clipboard(), (seen) => seen === "203.0.113.5:6000");
    await workbench.rowMenu("tcp 6000", "Copy http:// URL");
    const url = "http://203.0.113.5:6000";
    await until("the URL", () => workbench.clipboard(), (seen) => seen === url);
  }],
  ["the details are a timeline, and a renewal is added to it", async ({ workbench }) => {
    await workbench.rowMenu("tcp 6000", "Show Details");
    await until(
      "the timeline",
      () => workbench.editorText(),
      (text) => /Timeline.*asking.*running.*assigned 203\.0\.113\.5:6000 for 3600 s/s.test(text),
    );
    await workbench.rowMenu("tcp 6000", "Renew");
    await until(
      "the renewal",
      () => workbench.editorText(),
      (text) => /for 3600 s.*renewing.*running/s.test(text),
    );
    await workbench.picture("details");
  }],
  ["the trace shows the datagrams, decoded", async ({ workbench }) => {
    await workbench.command("Port Control: Show Trace");
    const lines = workbench.page.locator(".part.panel .view-line");
    await until("the datagrams", () => lines.allTextContents(), (seen) => {
      const text = seen.join("\n").replaceAll("\u00a0", " ");
      return /-> 127\.0\.0\.1 \d+ PCP MAP request, udp 7000/.test(text) &&
        /<- 127\.0\.0\.1 \d+ PCP MAP response, SUCCESS/.test(text);
    });
    await workbench.picture("trace");
  }],
  [
    "while a gateway restarts its ports wait, and none counts as lost (D-7)",
    async ({ workbench }) => {
      await workbench.rowMenu("Simulated gateway", "Restart the Simulated Gateway");
      await workbench.notice("away for 10 s").waitFor();
      await workbench.status("2 ports waiting for the router").waitFor();
      const row = workbench.row("tcp 6000");
      const late = /waiting for the router, port open until \d\d:\d\d/;
      await until("the row", () => row.textContent(), (text) => late.test(text ?? ""));
      await row.locator(".codicon-clock").waitFor();
      await workbench.warning("").waitFor({ state: "hidden" });
      await workbench.picture("late");
      await workbench.status("2 ports · 203.0.113.5:7000").waitFor({ timeout: 40_000 });
      await workbench.warning("").waitFor({ state: "hidden" });
      await until(
        "the restart in the timeline",
        () => workbench.editorText(),
        (text) => /no answer.*the gateway restarted.*running/s.test(text),
      );
      await workbench.clearNotices();
      await workbench.picture("overview");
    },
  ],
  ["a port is revoked from its menu, and its details show it", async ({ workbench }) => {
    await workbench.command("View: Hide Panel");
    await workbench.rowMenu("tcp 6000", "Revoke");
    await workbench.row("tcp 6000").waitFor({ state: "hidden" });
    await workbench.status("1 port · 203.0.113.5:7000").waitFor();
    await until(
      "the end",
      () => workbench.editorText(),
      (text) => /State +closed.*closing.*closed/s.test(text),
    );
  }],
  [
    "all ports are closed, the gateway is left, and the status bar item goes",
    async ({ workbench }) => {
      await workbench.command("Port Control: Close All Ports");
      await workbench.row("Simulated gateway").waitFor({ state: "hidden" });
      await workbench.status("").waitFor({ state: "hidden" });
    },
  ],
];
