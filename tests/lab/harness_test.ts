import { assert, assertEquals, assertMatch } from "@std/assert";
import { labPossible } from "./lab_possible.ts";
import { grantedFor, MIN_LIFETIME, paced } from "./lifetimes.ts";
import { LabProcess, type Line, run, until } from "./process.ts";
import { type Router, startLab } from "./router.ts";
import { scenarios } from "./scenarios.ts";

// The lab itself, without the library: the datagrams are literals. A failure here shows that the lab does not work, not the
// client.

scenarios("the lab", await labPossible(), {
  "MAP over IPv4 opens TCP and UDP ports, and a reboot removes them": async () => {
    await using lab = await startLab();
    await lab.listenInside("tcp", 6000);
    await lab.listenInside("udp", 6001);
    assertEquals(await lab.outside("tcp", 6000), undefined);

    const answer = await ask(lab, mapRequest({ protocol: TCP, port: 6000 }));
    assertEquals(summary(answer), {
      opcode: 0x81,
      result: 0,
      lifetime: grantedFor(20),
      port: 6000,
      address: EXTERNAL,
    });
    await ask(lab, mapRequest({ protocol: UDP, port: 6001 }));
    await lab.expectMappings([
      "map tcp 6000 -> 192.168.77.2:6000",
      "map udp 6001 -> 192.168.77.2:6001",
    ]);
    await lab.expectOpen("tcp", 6000);
    await lab.expectOpen("udp", 6001);

    await lab.reboot({ announce: true });
    await lab.expectMappings([]);
    assertEquals(await lab.outside("tcp", 6000), undefined);
    assertEquals(await lab.outside("udp", 6001), undefined);
  },

  "a mapping ends after its lifetime, and a restart changes the bounds (G-18)": async () => {
    await using lab = await startLab();
    const answer = await ask(lab, mapRequest({ protocol: TCP, port: 6000, lifetime: 1 }));
    assertEquals(summary(answer).lifetime, MIN_LIFETIME);
    await lab.expectMappings(["map tcp 6000 -> 192.168.77.2:6000"]);
    await lab.expectMappings([], paced(14_000));
    await lab.restartWith({ max_lifetime: "600" }); // a shortest lifetime above 120 s is not obeyed
    const bounded = await ask(lab, mapRequest({ protocol: TCP, port: 6000, lifetime: 7200 }));
    assertEquals(summary(bounded).lifetime, 600);
  },

  "MAP over IPv6 opens a pinhole": async () => {
    await using lab = await startLab();
    await lab.listenInside("tcp", 6000, INSIDE_IPV6);
    assertEquals(await lab.outsideIpv6("tcp", 6000), undefined);
    const servers = new Map([[6000, "fd77::1"], [6001, `fe80::1%${lab.insideInterface}`]]);
    for (const [port, address] of servers) {
      const request = mapRequest({
        protocol: TCP,
        port,
        client: INSIDE_IPV6_WORDS,
        external: "0".repeat(32),
      });
      const answer = await ask(lab, request, { from: INSIDE_IPV6, address });
      assertEquals(summary(answer), {
        opcode: 0x81,
        result: 0,
        lifetime: grantedFor(20),
        port,
        address: INSIDE_IPV6_WORDS,
      });
    }
    await lab.expectMappings([
      "pinhole tcp 6000 -> [fd77::2]:6000",
      "pinhole tcp 6001 -> [fd77::2]:6001",
    ]);
    await lab.expectOpen("tcp", 6000, INSIDE_IPV6);
  },

  "PEER is granted": async () => {
    await using lab = await startLab();
    const peer = mapRequest({ protocol: UDP, port: 6100, opcode: 2 }) + `1b580000${OUTSIDE}`; // 7000
    assertEquals(summary(await ask(lab, peer)).opcode, 0x82);
    await lab.expectMappings(["peer udp 6100 -> 192.168.77.2:6100 for 20.30.40.2:7000"]);
    await lab.listenOutside("udp", 7000);
    assertEquals(await lab.callFromInside("udp", 6100, 7000), "knock from 20.30.40.1:6100");
  },

  "loss() drops the given share of datagrams, and ends": async () => {
    await using lab = await startLab();
    for (const what of ["requests", "responses"] as const) {
      await lab.loss(30, what);
      const answered: boolean[] = [];
      for (let index = 0; index < 10; index++) {
        answered.push(await ask(lab, ANNOUNCE, { timeout: 200 }) !== undefined);
      }
      assertEquals(answered, [false, true, true, false, true, true, false, true, true, true]);
    }
    assertEquals(await lab.lost(), 6);
    assertEquals(await lab.requests(), 20);
    await lab.loss(undefined);
    for (let index = 0; index < 10; index++) assert(await ask(lab, ANNOUNCE) !== undefined);
    assertEquals(await lab.lost(), 6);
  },

  "a link that is down carries no packets; after it is up everything works": async () => {
    await using lab = await startLab();
    const options = { from: INSIDE_IPV6, address: "fd77::1" };
    for (const end of ["router", "inside"] as const) {
      await lab.linkDown(end);
      assertEquals(await ask(lab, ANNOUNCE, { from: "0.0.0.0", timeout: 200 }), undefined);
      await lab.linkUp(end);
      assert(await ask(lab, ANNOUNCE) !== undefined);
      assert(await ask(lab, ANNOUNCE, options) !== undefined);
    }
  },

  "a start is announced to both groups, unless muted (RFC 6887 14.1.3)": async () => {
    await using lab = await startLab();
    const inside = lab.host("inside");
    await inside.command({
      do: "join",
      group: "224.0.0.1",
      interface: INSIDE_IPV4,
      port: 5350,
      reuse: true,
    });
    await inside.command({
      do: "join",
      group: "ff02::1",
      interface: lab.insideInterface,
      port: 5350,
      reuse: true,
    });
    await lab.reboot({ announce: false });
    await lab.reboot({ announce: true });
    const received = async (group: string): Promise<Line> =>
      await inside.process.expectLine(
        (line) => line["event"] === "received" && line["group"] === group,
        3_000,
        group,
      );
    const overIpv4 = await received("224.0.0.1");
    const overIpv6 = await received("ff02::1");
    assertEquals([overIpv4["from"], overIpv4["port"]], ["192.168.77.1", 5351]);
    assertMatch(String(overIpv6["from"]), /^fe80::1(%|$)/);
    assertMatch(String(overIpv4["bytes"]), /^0280000000000000[0-9a-f]{8}0{24}$/);
    assertEquals(inside.process.untaken.length, 0, "the muted start was announced");
  },

  "a lab is removed with its program, however that ends": async () => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
      await using holder = new LabProcess([Deno.execPath(), "run", "-A", "--no-check", HOLD]);
      const { pid } = await holder.expectLine((line) => "pid" in line, 15_000, "a lab");
      assertEquals((await remains(pid)).length, 4);
      await holder.kill(signal);
      await until(
        async () => (await remains(pid)).length === 0 ? undefined : "a lab without its program",
        2_000,
      );
    }
  },

  "the next lab removes the leftovers of a killed program and its killed shell": async () => {
    const pid = await run(["sh", "-c", "echo $$"]); // of an ended process
    await run(["ip", "netns", "add", `pcp-lab-${pid.trim()}x1-rt`]);
    await using _lab = await startLab();
    assertEquals(await remains(pid.trim()), []);
  },

  "the router speaks NAT-PMP to natpmpc, and logs the source ports of requests": async () => {
    await using lab = await startLab();
    const natpmpc = lab.inside(["natpmpc", "-g", "192.168.77.1"]);
    await natpmpc.expectLine((line) => line["text"] === "Public IP address : 20.30.40.1", 5_000);
    await ask(lab, ANNOUNCE);
    await ask(lab, ANNOUNCE);
    assertEquals(lab.requestPorts().length, 2);
  },

  "a router of UPnP alone maps for upnpc, in both versions, over IPv4 and IPv6, until a reboot":
    async () => {
      for (const version of [1, 2] as const) {
        await using lab = await startLab({}, { upnp: version });
        await lab.listenInside("tcp", 6000);
        await lab.listenInside("tcp", 6001, INSIDE_IPV6);
        const upnpc = async (...args: readonly string[]): Promise<string> => {
          const program = lab.inside(["upnpc", "-m", lab.insideInterface, ...args]);
          await program.ended();
          return program.untaken.map(({ text }) => String(text)).join("\n");
        };
        const status = await upnpc("-i", "-a", INSIDE_IPV4, "6000", "6000", "tcp", "600");
        assertMatch(status, /ExternalIPAddress = 20\.30\.40\.1/);
        const pinhole = await upnpc("-6", "-A", "", "0", INSIDE_IPV6, "6001", "tcp", "600");
        const mapping = "map tcp 6000 -> 192.168.77.2:6000";
        assertMatch(pinhole, /Pinhole ID = 1/);
        await lab.expectMappings([mapping, "pinhole tcp 6001 -> [fd77::2]:6001"]);
        await lab.expectOpen("tcp", 6000);
        await lab.expectOpen("tcp", 6001, INSIDE_IPV6);
        for (const options of [{}, { from: INSIDE_IPV6, address: "fd77::1" }]) {
          assertEquals(await ask(lab, ANNOUNCE, { ...options, timeout: 300 }), undefined);
        }
        await lab.reboot({ announce: true });
        await lab.expectMappings([]);
      }
    },
});

/** The namespaces of a process, and its directories. */
async function remains(pid: unknown): Promise<string[]> {
  const prefix = `pcp-lab-${String(pid)}x`;
  const namespaces = await run(["ip", "netns", "list"]);
  const directories = await run(["sh", "-c", 'ls "${TMPDIR:-/tmp}"']);
  return `${namespaces}${directories}`.split("\n").filter((name) => name.startsWith(prefix));
}

interface MapOptions {
  readonly protocol: number;
  readonly port: number;
  readonly lifetime?: number;
  readonly opcode?: number;
  readonly client?: string;
  readonly external?: string;
}

/** A request in hexadecimal: header, nonce, protocol, ports, suggested address (RFC 6887 sections 7.1 and 11.1). */
function mapRequest(options: MapOptions): string {
  const { protocol, port, lifetime = 20, opcode = 1, client = INSIDE, external = ANY_IPV4 } =
    options;
  const header = `020${opcode}0000${hex(lifetime, 8)}${client}`;
  return `${header}${NONCE}${hex(protocol, 2)}000000${hex(port, 4)}0000${external}`;
}

interface AskOptions {
  readonly from?: string;
  readonly address?: string;
  readonly timeout?: number;
}

async function ask(
  lab: Router,
  bytes: string,
  options: AskOptions = {},
): Promise<string | undefined> {
  const { from = INSIDE_IPV4, address = "192.168.77.1", timeout = 2_000 } = options;
  return await lab.command("inside", { do: "exchange", from, address, port: 5351, bytes, timeout });
}

function summary(
  answer: string | undefined,
): Record<"opcode" | "result" | "lifetime" | "port", number> & { address: string } {
  assert(answer !== undefined, "the router has not responded");
  const number = (start: number, end: number): number =>
    parseInt(answer.slice(start * 2, end * 2), 16);
  return {
    opcode: number(1, 2),
    result: number(3, 4),
    lifetime: number(4, 8),
    port: number(42, 44),
    address: answer.slice(88, 120),
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

const HOLD = new URL("hold.ts", import.meta.url).pathname;
const TCP = 6;
const UDP = 17;
const INSIDE_IPV4 = "192.168.77.2";
const INSIDE_IPV6 = "fd77::2";
const INSIDE_IPV6_WORDS = "fd770000000000000000000000000002";
const MAPPED = "00000000000000000000ffff";
const INSIDE = `${MAPPED}c0a84d02`;
const EXTERNAL = `${MAPPED}141e2801`;
const OUTSIDE = `${MAPPED}141e2802`;
const ANY_IPV4 = `${MAPPED}00000000`;
const NONCE = "00112233445566778899aabb";
const ANNOUNCE = `0200000000000000${INSIDE}`;
