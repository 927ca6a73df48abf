/** Containers and WSL, where the gateway is not the router (H-7). */

import { assertEquals } from "@std/assert";
import { SystemError } from "../../src/discovery/discovery_error.ts";
import { findSurroundings, type Surroundings } from "../../src/discovery/surroundings.ts";
import { type Answers, FakeSystem } from "./fake_system.ts";
import { byFiles, byIp } from "./recorded.ts";

const WSL = "5.15.167.4-microsoft-standard-WSL2\n";
const OVERLAY = "612 533 0:54 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib\n";
const DISK = "25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n";

Deno.test("an interface whose other end is in another namespace is that of a container, from ip (H-7)", async () => {
  assertEquals(await find("192.168.1.2", await byIp("noarp")), "container");
  assertEquals(await find("192.168.1.57", await byIp("kill_switch")), undefined);
  assertEquals(await find("192.168.1.99", await byIp("noarp")), undefined);
});

Deno.test("a container is found by what its engine leaves, if its interface is no device (H-7)", async () => {
  const { files = {}, ...rest } = await byFiles("noarp");
  const cases: [Record<string, string>, Surroundings | undefined][] = [
    [{}, undefined],
    [{ "/.dockerenv": "" }, "container"],
    [{ "/run/.containerenv": "engine=podman" }, "container"],
    [{ "/run/systemd/container": "lxc" }, "container"],
    [{ "/proc/self/mountinfo": OVERLAY }, "container"],
    [{ "/proc/self/mountinfo": DISK }, undefined],
    [{ "/.dockerenv": "", "/sys/class/net/eth0/device/uevent": "DRIVER=e1000" }, undefined], // --network host
  ];
  for (const [more, expected] of cases) {
    const found = await find("192.168.1.2", { ...rest, files: { ...files, ...more } });
    assertEquals(found, expected, JSON.stringify(more));
  }
});

Deno.test("WSL is found by its kernel, unless it shares the network of Windows (H-7)", async () => {
  const { files = {}, ...rest } = await byFiles("noarp");
  const wsl = { ...files, "/proc/sys/kernel/osrelease": WSL };
  assertEquals(await find("192.168.1.2", { ...rest, files: wsl }), "wsl");
  const mirrored = { ...wsl, "/sys/class/net/loopback0/type": "1\n" };
  assertEquals(await find("192.168.1.2", { ...rest, files: mirrored }), undefined);
});

Deno.test("without permissions nothing is known, and nothing is asked (H-7)", async () => {
  const denied = new SystemError("permissionDenied", "no");
  const system = new FakeSystem({ programs: { "ip -j -d address": denied }, addresses: denied });
  assertEquals(await findSurroundings("192.168.1.2", system), undefined);
  assertEquals([system.questions, system.ran], [0, []]);
  assertEquals(await find("192.168.1.2", { platform: "darwin" }), undefined);
});

function find(client: string, answers: Answers): Promise<Surroundings | undefined> {
  return findSurroundings(client, new FakeSystem(answers));
}
