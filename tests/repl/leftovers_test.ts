/** Mappings that an earlier run with the same state file left: listed, and deleted by name. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { StateFolder, stateText, STORED } from "../client/state_folder.ts";
import { run } from "./command_line.ts";

const PORT = "53511";
const HERE = { server: "127.0.0.1", client: "127.0.0.1", port: Number(PORT) };

async function withState(
  ports: readonly number[],
  work: (command: (...words: string[]) => ReturnType<typeof run>) => Promise<void>,
): Promise<void> {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  const entries = ports.map((internalPort, index) => ({
    ...STORED,
    ...HERE,
    internalPort,
    externalPort: internalPort,
    nonce: String(index).padStart(24, "a"),
  }));
  await Deno.writeTextFile(path, stateText(entries));
  await work((...words) => run([...words, "--simulate", "--port", PORT, "--state", path]));
}

Deno.test("list --json and leftovers --json have what an earlier run left, without the nonce (K-11)", async () => {
  await withState([7000, 7001], async (command) => {
    for (const name of ["list", "leftovers"]) {
      const { code, out } = await command(name, "--json");
      assertEquals(code, 0);
      const all = out.trimEnd().split("\n").map((line) => JSON.parse(line));
      assertEquals(
        all.map(({ mappingId, internalPort, state }) => [mappingId, internalPort, state]),
        [["L1", 7000, { type: "leftover" }], ["L2", 7001, { type: "leftover" }]],
      );
      assert(!out.includes("aaaa"), out);
    }
    assertMatch((await command("list")).out, /^L1 +inbound .* 7000 .*leftover/m);
  });
});

Deno.test("revoke deletes one of several leftovers by its id, or by port and protocol (K-11)", async () => {
  for (const name of ["L2", `7001/${STORED.protocol === 17 ? "udp" : "tcp"}`]) {
    await withState([7000, 7001, 7002], async (command) => {
      const revoked = await command("revoke", name);
      assertEquals([revoked.code, revoked.out.includes("Deleted L2")], [0, true], revoked.err);
      const left = (await command("list", "--json")).out;
      assertEquals(left.match(/"internalPort":\d+/g)?.map((text) => text.slice(-4)), [
        "7000",
        "7002",
      ]);
    });
  }
});

Deno.test("revoke of a leftover that is not there says so, and deletes nothing (K-11)", async () => {
  await withState([7000], async (command) => {
    const { code, err } = await command("revoke", "L7");
    assertEquals(code, 1);
    assertMatch(err, /There is no mapping L7/);
    assertEquals((await command("list", "--json")).out.split("\n").length, 2);
  });
});

Deno.test("map mentions the leftovers that it does not continue, and other commands none", async () => {
  await withState([7000, 7001], async (command) => {
    const protocol = STORED.protocol === 17 ? "udp" : "tcp";
    assertMatch(
      (await command("map", `7000/${protocol}`)).err,
      /^1 mapping is left from an earlier/,
    );
    assertEquals((await command("leftovers")).err, "");
    assertEquals((await command("revoke", "all")).err, "");
  });
});

Deno.test("leftovers needs a state file, and says when nothing is left", async () => {
  assertMatch((await run(["leftovers", "--simulate"])).err, /type leftovers --state FILE/);
  await withState([], async (command) => {
    assertEquals((await command("leftovers")).out, "Nothing is left from an earlier run\n");
  });
});
