/** The command line as a service: what it sends to systemd, and the unit of docs/operations.md. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawn } from "./command_line.ts";

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "under systemd map -k reports that it is ready, its state, its watchdog and its end",
  ignore: !isLinux,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/notify`;
    const manager = Deno.listenDatagram({ transport: "unixpacket", path });
    const child = spawn(["map", "6000/tcp+udp", "-k", "--simulate"], {
      NOTIFY_SOCKET: path,
      WATCHDOG_USEC: "400000",
    });
    await child.stdin.close();
    const received: string[] = [];
    const until = async (text: string): Promise<void> => {
      for await (const [octets] of manager) {
        received.push(new TextDecoder().decode(octets));
        if (received.at(-1) === text) return;
      }
    };
    await until("READY=1");
    received.length = 0;
    await until("WATCHDOG=1");
    await until("WATCHDOG=1");
    assert(received.some((text) => text.startsWith("STATUS=Open until ")), received.join());
    child.kill("SIGTERM");
    await until("STOPPING=1");
    manager.close();
    const { code } = await child.output();
    assertEquals(code, 0);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("without a socket of systemd nothing changes", async () => {
  const child = spawn(["map", "6000", "--simulate"], { NOTIFY_SOCKET: "/no/such/socket" });
  await child.stdin.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  assertMatch(new TextDecoder().decode(stdout), /^203\.0\.113\.5:6000\n/);
});

Deno.test({
  name: "systemd accepts the unit of docs/operations.md",
  ignore: !isLinux,
  fn: async () => {
    const text = await Deno.readTextFile(new URL("../../docs/operations.md", import.meta.url));
    const [, unit = ""] = /```ini\n(.*?)```/s.exec(text) ?? [];
    assertMatch(unit, /^Type=notify$/m);
    const folder = await Deno.makeTempDir();
    const path = `${folder}/port-6000.service`;
    await Deno.writeTextFile(path, unit.replace("/usr/bin/deno", Deno.execPath()));
    try {
      const { code, stderr } = await new Deno.Command("systemd-analyze", {
        args: ["verify", "--man=no", path],
      }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
