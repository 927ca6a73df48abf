/** What a refusal advises: all that is known is used. */

import { assertEquals, assertMatch } from "@std/assert";
import { ResultCode } from "../../mod.ts";
import { ROOT } from "../tools/repository.ts";
import { startHarness } from "./harness.ts";

type Mode = "once" | "prompt";

async function refused(code: number, line: string, mode: Mode = "once"): Promise<string> {
  await using harness = await startHarness({ mode });
  harness.server.fail(code, { times: 1 });
  assertEquals(await harness.run(line), 1);
  return harness.errors[1] ?? "";
}

Deno.test("a refused port below 1024 names those ports first (D-2)", async () => {
  for (const line of ["map 80/tcp", "map 443/udp", "map 6000 1023/udp"]) {
    assertMatch(
      await refused(ResultCode.NotAuthorized, line),
      /^Many routers open no ports below 1024/,
    );
  }
  assertMatch(await refused(ResultCode.NotAuthorized, "map 1024"), /^Allow port mapping/);
});

Deno.test("a refusal of a one-shot mentions an earlier run, --state and -k (K-12)", async () => {
  const advice = await refused(ResultCode.NotAuthorized, "map 6000");
  assertMatch(advice, /earlier run.*--state FILE.*-k/);
  const atPrompt = await refused(ResultCode.NotAuthorized, "map 6000", "prompt");
  assertEquals(atPrompt.includes("earlier run"), false);
});

Deno.test("a refused option is named as it was typed", async () => {
  const line = "map 6000 --filter 198.51.100.7 --prefer-failure --external-port 6000";
  assertEquals(
    await refused(ResultCode.UnsuppOption, line),
    "Leave out --prefer-failure, --filter",
  );
});

Deno.test("a question that the router's protocol has no words for says so", async () => {
  await using harness = await startHarness({ mode: "once", server: { protocols: ["nat-pmp"] } });
  for (const line of ["announce", "prefix64"]) {
    assertEquals(await harness.run(line, 10), 1);
    assertMatch(
      harness.take()[1] ?? "",
      /^This is a question of PCP; .*work with NAT-PMP and UPnP too/,
    );
  }
});

Deno.test("the command line gives no advice for programs in TypeScript (D-5)", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--quiet", "repl.ts", "map", "6000"],
    cwd: ROOT,
  });
  const { stderr } = await child.output();
  const text = new TextDecoder().decode(stderr);
  assertMatch(text, /--allow-run=ip/);
  assertEquals(/Client\.|await |\(\)/.test(text), false, text);
});

Deno.test("a missing --allow-net is named, and no other advice is given (D-4)", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--no-prompt", "--quiet", "repl.ts"],
      ...["external", "--client", "127.0.0.1", "--server", "127.0.0.1"],
    ],
    cwd: ROOT,
  });
  const text = new TextDecoder().decode((await child.output()).stderr);
  assertMatch(text, /the permission --allow-net is missing/);
  assertEquals(text.includes("is it an address of this host"), false);
  assertMatch(text, /^Run it again with --allow-net/m);
});
