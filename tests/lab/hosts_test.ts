import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Diagnosis, Gateway } from "../../mod.ts";
import type { FollowOptions } from "./follow_agent.ts";
import { HostNamespace } from "./host_namespace.ts";
import { labPossible } from "./lab_possible.ts";
import type { LabProcess, Line } from "./process.ts";
import { scenarios } from "./scenarios.ts";

// Hosts with odd networks: real interfaces and routes of the kernel. Dummy and WireGuard interfaces are not in every kernel;
// tests/discovery has them as recorded output.

scenarios("hosts with odd networks", await labPossible(), {
  "several default routes of both families, each with its reason (H-2, H-3)": async () => {
    await using host = await HostNamespace.build();
    await host.cable("wlan0", "192.168.2.2/24");
    await host.cable("eth0", "192.168.1.2/24");
    await host.ip(
      "addr add 2001:db8:1::2/64 dev eth0 nodad",
      "route add default via 192.168.2.1 dev wlan0 metric 600",
      "route add default via 192.168.1.1 dev eth0 metric 100",
      "-6 route add default via fe80::1 dev eth0 metric 100",
    );
    for (const how of WAYS) {
      const found = await gateways(host, how);
      assertEquals(found.map(({ family, gateway, client }) => `${family} ${gateway} ${client}`), [
        "IPv4 192.168.1.1 192.168.1.2",
        "IPv4 192.168.2.1 192.168.2.2",
        "IPv6 fe80::1%eth0 2001:db8:1::2",
      ]);
      assertMatch(found[0]?.reason ?? "", /^first: metric 100 precedes metric 600/);
      assertMatch(found[1]?.reason ?? "", /^after "192\.168\.1\.1": metric 600 follows metric 100/);
    }
  },

  "one default route with two next hops (H-2, H-3)": async () => {
    await using host = await HostNamespace.build();
    await host.cable("eth0", "192.168.1.2/24");
    await host.cable("eth1", "192.168.2.2/24");
    await host.ip(
      "route add default nexthop via 192.168.1.1 dev eth0 weight 1 nexthop via 192.168.2.1 dev eth1 weight 3",
    );
    for (const how of WAYS) {
      const found = await gateways(host, how);
      assertEquals(found.map(({ gateway }) => gateway), ["192.168.2.1", "192.168.1.1"]);
    }
  },

  "a tunnel of any name with the better metric, TUN or TAP (H-2)": async () => {
    for (const mode of ["tun", "tap"] as const) {
      await using host = await HostNamespace.build();
      await host.cable("tun0", "192.168.1.2/24"); // a name decides nothing
      await host.device("lan", mode, "10.8.0.2/24");
      await host.ip(
        "route add default via 10.8.0.1 dev lan metric 50",
        "route add default via 192.168.1.1 dev tun0 metric 100",
      );
      for (const how of WAYS) {
        const found = await gateways(host, how);
        assertEquals(found.map(({ gateway }) => gateway), ["192.168.1.1", "10.8.0.1"]);
        assertStringIncludes(found[1]?.reason ?? "", "a tunnel (");
      }
    }
  },

  "a bridge with a better metric is a local network like any (H-2)": async () => {
    await using host = await HostNamespace.build();
    await host.cable("eth0");
    await host.cable("eth1", "192.168.2.2/24");
    await host.ip(
      "link add br0 type bridge",
      "link set eth0 master br0",
      "link set br0 up",
      "addr add 192.168.1.2/24 dev br0",
      "route add default via 192.168.1.1 dev br0 metric 50",
      "route add default via 192.168.2.1 dev eth1 metric 100",
    );
    for (const how of WAYS) {
      const found = await gateways(host, how);
      assertEquals(found.map(({ gateway }) => gateway), ["192.168.1.1", "192.168.2.1"]);
    }
  },

  "a gateway that is an address of this host, or of an interface without ARP, is none (H-1)":
    async () => {
      await using host = await HostNamespace.build();
      await host.cable("eth0", "192.168.1.2/24");
      await host.cable("own", "100.85.0.1/24");
      await host.ip(
        "link add quiet type ifb",
        "link set quiet up",
        "addr add 100.86.0.1/24 dev quiet",
        "route add default via 100.86.0.9 dev quiet metric 10",
        "addr add 100.85.0.2/24 dev own",
        "route add default via 100.85.0.9 dev own metric 20",
        "route add default via 192.168.1.1 dev eth0 metric 100",
      );
      await host.ip("addr add 100.85.0.9/24 dev own"); // from now on one of this host
      for (const how of WAYS) {
        const found = await gateways(host, how);
        assertEquals(found.map(({ gateway }) => gateway), ["192.168.1.1"]);
      }
      await host.ip("route del default via 192.168.1.1 dev eth0 metric 100");
      for (const how of WAYS) {
        const { stderr } = await host.deno([...how, "repl.ts", "discover"]);
        assertStringIncludes(stderr, 'the gateway "100.85.0.9", which is an address of this host');
        assertStringIncludes(stderr, 'the one through "quiet" leads to an interface without ARP');
      }
    },

  "no program ip: /proc/net is read, or an error names the flag (H-3)": async () => {
    await using host = await HostNamespace.build();
    await host.cable("eth0", "192.168.1.2/24");
    await host.ip("route add default via 192.168.1.1 dev eth0");
    const all = await host.deno(["run", "-A", ...DISCOVER], "/nowhere");
    assertEquals(JSON.parse(all.stdout).gateway, "192.168.1.1", all.stderr);
    const flags = ["run", "--no-prompt", "--allow-net", "--allow-run"];
    const { stderr } = await host.deno([...flags, ...DISCOVER], "/nowhere");
    assertStringIncludes(stderr, "-A");
    const none = await host.deno(["run", "--no-prompt", "--allow-net", ...DISCOVER]);
    assertStringIncludes(none.stderr, "--allow-run=ip");
  },

  "the gateway of a container answers nothing: diagnose says what it is (H-7)": async () => {
    await using host = await HostNamespace.build();
    await host.cable("eth0", "172.17.0.2/16");
    await host.ip("route add default via 172.17.0.1 dev eth0");
    const flags = ["run", "--no-prompt", "--allow-net", "--allow-run=ip"];
    const { stdout } = await host.deno([...flags, "repl.ts", "diagnose", "--json"]);
    const { findings } = JSON.parse(stdout) as Diagnosis;
    assertStringIncludes(findings[0]?.text ?? "", "not the router");
  },

  "a start before the network waits for a route and an address (H-4)": async () => {
    await using host = await HostNamespace.build();
    const early = await host.deno(["run", "-A", ...DISCOVER]);
    assertStringIncludes(early.stderr, "no default route was found");
    await using agent = follow(host, { options: { waitForNetwork: true } });
    await host.cable("eth0");
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // the kernel's time, not the library's
    assertEquals(agent.untaken.length, 0);
    await host.ip("addr add 192.168.1.2/24 dev eth0", "route add default via 192.168.1.1 dev eth0");
    assertEquals(await started(agent), ["192.168.1.2 192.168.1.1"]);
  },

  "each client of startAll() follows the address of its own network (H-5)": async () => {
    await using host = await HostNamespace.build();
    await host.cable("eth0", "192.168.1.2/24");
    await host.cable("wlan0", "192.168.2.2/24");
    await host.ip(
      "route add default via 192.168.1.1 dev eth0 metric 100",
      "route add default via 192.168.2.1 dev wlan0 metric 600",
    );
    await using agent = follow(host, { all: true });
    assertEquals(await started(agent), ["192.168.1.2 192.168.1.1", "192.168.2.2 192.168.2.1"]);
    await host.ip(
      "addr del 192.168.2.2/24 dev wlan0",
      "addr add 192.168.2.77/24 dev wlan0",
      "route replace default via 192.168.2.1 dev wlan0 metric 600",
    );
    assertEquals(await moved(agent), { moved: 1, to: "192.168.2.77 192.168.2.1" });
    await host.ip(
      "addr flush dev eth0",
      "addr add 10.0.0.7/24 dev eth0",
      "route add default via 10.0.0.1 dev eth0 metric 100",
    );
    assertEquals(await moved(agent), { moved: 0, to: "10.0.0.7 10.0.0.1" });
  },
});

/** With all permissions from `/proc/net`, and with one from `ip`. */
const WAYS = [
  ["run", "-A", "--no-check"],
  ["run", "--no-prompt", "--no-check", "--allow-net", "--allow-run=ip"],
];

const DISCOVER = ["repl.ts", "discover", "--json"];

async function gateways(host: HostNamespace, how: readonly string[]): Promise<Gateway[]> {
  const { stdout, stderr } = await host.deno([...how, ...DISCOVER]);
  assertEquals(stderr, "");
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

function follow(host: HostNamespace, options: FollowOptions): LabProcess {
  return host.start("follow_agent.ts", JSON.stringify(options));
}

async function started(agent: LabProcess): Promise<unknown> {
  return (await agent.expectLine((line) => "started" in line, 20_000, "the start"))["started"];
}

async function moved(agent: LabProcess): Promise<Line> {
  return await agent.expectLine((line) => "moved" in line, 10_000, "a move");
}
