import { type Configuration, Daemon, type DaemonOptions } from "./daemon.ts";
import type { HostCommand } from "./host.ts";
import { parseMappings, type RouterMapping } from "./mappings.ts";
import { CommandProcess } from "./command_process.ts";
import { LabProcess, run, until } from "./process.ts";
import {
  batch,
  EXTERNAL_IPV4,
  INSIDE_IPV4,
  INSIDE_IPV6,
  INSIDE_NETWORK,
  OUTSIDE_IPV4,
  OUTSIDE_IPV6,
  ROUTER_IPV4,
  Topology,
  type TopologyOptions,
} from "./topology.ts";

/** Builds a lab: a host inside, a router with miniupnpd, a host outside. Dispose of it with `await using`. */
export async function startLab(
  configuration: Configuration = {},
  options: DaemonOptions & TopologyOptions = {},
): Promise<Router> {
  const topology = await Topology.build(options);
  const router = new Router(topology, configuration, options);
  try {
    await router.powerOn({ announce: true });
    return router;
  } catch (error) {
    await router[Symbol.asyncDispose]();
    throw error;
  }
}

/** The router of a lab, and access to the hosts. */
export class Router implements AsyncDisposable {
  readonly #topology: Topology;
  readonly #daemon: Daemon;
  readonly #speaksUpnp: boolean;
  #announcesNatPmp = false;
  readonly #processes: LabProcess[] = [];
  readonly #hosts = new Map<"inside" | "outside", CommandProcess<HostCommand>>();

  /** Call {@linkcode startLab} instead. */
  constructor(topology: Topology, configuration: Configuration, options: DaemonOptions) {
    this.#topology = topology;
    this.#daemon = new Daemon(topology, configuration, options);
    this.#speaksUpnp = options.upnp !== undefined;
  }

  /** The inside host's interface to the router. */
  get insideInterface(): string {
    return this.#topology.vi;
  }

  /** The log of miniupnpd since the start of the lab. */
  get log(): string {
    return this.#daemon.log;
  }

  /** The router's present mappings. */
  async mappings(): Promise<RouterMapping[]> {
    const listing = await run(this.#inRouter("nft", "-j", "list", "table", "inet", "filter"));
    return parseMappings(listing, INSIDE_NETWORK.replace(/\d+\/\d+$/, ""));
  }

  /** Waits until the router has exactly these mappings, each in the form of {@linkcode describe}, in any order. */
  async expectMappings(expected: readonly string[], timeout = 3_000): Promise<void> {
    const sorted = [...expected].sort().join(", ");
    await until(async () => {
      const found = (await this.mappings()).map(describe).sort().join(", ");
      return found === sorted ? undefined : `the router has [${found}], not [${sorted}]`;
    }, timeout);
  }

  /**
   * Restarts without mappings and with epoch 0. With `announce: false` the announcements are dropped, with `keep` the mappings
   * stay in force, and the daemon takes them over.
   */
  async reboot({ announce, keep }: { announce: boolean; keep?: boolean }): Promise<void> {
    await this.#daemon.stop();
    for (const chain of keep ? [] : CHAINS) {
      await run(this.#inRouter("nft", "flush", "chain", "inet", "filter", chain));
    }
    await this.powerOn({ announce });
  }

  /** Reboots with changed lines of miniupnpd.conf, by default without announcement. */
  async restartWith(
    changes: Configuration,
    { announce = false }: { announce?: boolean } = {},
  ): Promise<void> {
    this.#daemon.configure(changes);
    await this.reboot({ announce });
  }

  /**
   * Makes the router a gateway that speaks NAT-PMP only: PCP requests are redirected to a program that refuses them (RFC
   * 6886 section 3.5). Without connection tracking, because both kinds come from one port of the client. From now on its
   * restarts are announced in NAT-PMP, which miniupnpd does not do (RFC 6886 section 3.2.1).
   */
  async disablePcp(): Promise<void> {
    const refuser = this.#start(
      this.#topology.router,
      denoCommand("tests/lab/version_refuser.ts", [ROUTER_IPV4, REFUSER_PORT]),
    );
    await refuser.expectLine((line) => "listening" in line, 10_000, "the refuser");
    this.#announcesNatPmp = true;
    await run(
      this.#inRouter("nft", "-f", "-"),
      `table inet natpmp_only {
  chain prerouting {
    type filter hook prerouting priority -300;
    udp dport 5351 @th,64,8 2 notrack udp dport set ${REFUSER_PORT}
  }
  chain output {
    type filter hook output priority -300;
    udp sport { ${REFUSER_PORT}, ${ANNOUNCE_PORT} } notrack udp sport set 5351
  }
}
`,
    );
  }

  /**
   * What the router does with requests before its server can read them. `dropPcp` drops those of version 2
   * only, `dropNatPmp` those of version 0, `dropIpv6` those over IPv6; `reject` answers with ICMP's "port unreachable".
   */
  async filterRequests(
    what: "dropPcp" | "dropNatPmp" | "dropIpv6" | "drop" | "reject",
  ): Promise<void> {
    const verdict = {
      dropPcp: "@th,64,8 2 drop",
      dropNatPmp: "@th,64,8 0 drop",
      dropIpv6: "meta nfproto ipv6 drop",
      drop: "drop",
      reject: "reject with icmpx type port-unreachable",
    };
    // By default one ICMP error a second, and other programs on the inside host get some.
    await run(this.#inRouter("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0"));
    await run(
      this.#inRouter("nft", "-f", "-"),
      `flush chain inet lab filtered\nadd rule inet lab filtered udp dport 5351 ${verdict[what]}\n`,
    );
  }

  /** Makes the server's answers late by a number of milliseconds: a program hands each request on after that time. */
  async slowDown(milliseconds: number): Promise<void> {
    const relay = this.#start(
      this.#topology.router,
      ["python3", `${ROOT}/tests/lab/slow_relay.py`, RELAY_PORT, ROUTER_IPV4, `${milliseconds}`],
    );
    await relay.expectLine((line) => "listening" in line, 10_000, "the relay");
    await run(
      this.#inRouter("nft", "-f", "-"),
      `table ip slow {
  chain prerouting {
    type filter hook prerouting priority -300;
    iifname "${this.#topology.vr}" udp dport 5351 notrack udp dport set ${RELAY_PORT}
  }
}
`,
    );
  }

  /** Starts a program on the third host that forges answers of the router to the inside host. */
  async attack(seconds: number): Promise<LabProcess> {
    const program = `${ROOT}/tests/lab/attacker.py`;
    const attacker = this.#start(
      this.#topology.third,
      ["python3", program, ROUTER_IPV4, INSIDE_IPV4, `${seconds}`],
    );
    await attacker.expectLine((line) => "ready" in line, 20_000, "the attacker");
    return attacker;
  }

  /** Stops the daemon: requests get no response, the mappings stay in force. */
  async powerOff(): Promise<void> {
    await this.#daemon.stop();
  }

  /** Starts the daemon and returns after its announcements (RFC 6887 section 14.1.3), in UPnP after the first two. */
  async powerOn({ announce }: { announce: boolean }): Promise<void> {
    const before = await this.#counter("announced");
    if (!announce) {
      await run(
        this.#inRouter("nft", "add", "rule", "inet", "lab", "mute", "udp", "dport", PORTS, "drop"),
      );
    }
    // Over IPv6 miniupnpd speaks PCP even if that is switched off.
    if (this.#speaksUpnp) await this.filterRequests("dropIpv6");
    try {
      await this.#daemon.start();
      await until(async () => {
        const count = await this.#counter("announced") - before;
        return count >= 2
          ? undefined
          : `the router has sent ${count} of its 2 announcements; its log:\n${this.log}`;
      }, 5_000);
      if (announce && this.#announcesNatPmp) {
        await run(this.#inRouter("python3", "-c", ANNOUNCE_NATPMP, ROUTER_IPV4, ANNOUNCE_PORT));
      }
      if (!announce && this.#speaksUpnp) await this.#announcementsEnd();
    } finally {
      await run(this.#inRouter("nft", "flush", "chain", "inet", "lab", "mute"));
    }
  }

  /**
   * Drops a share of the requests or of the responses, in tens of percent, evenly spread and beginning with the first.
   * `undefined` ends the loss. It is not random, so that every run of a test has the same loss.
   */
  async loss(
    percent: number | undefined,
    what: "requests" | "responses" = "requests",
  ): Promise<void> {
    const [chain, port] = what === "requests" ? ["lossy_in", "dport"] : ["lossy_out", "sport"];
    const lines = ["flush chain inet lab lossy_in", "flush chain inet lab lossy_out"];
    if (percent !== undefined) {
      const lost = spread(percent / 10).join(", ");
      lines.push(
        `add rule inet lab ${chain} udp ${port} 5351 udp length > 8 numgen inc mod 10 { ${lost} } counter name lost drop`,
      );
    }
    await run(this.#inRouter("nft", "-f", "-"), `${lines.join("\n")}\n`);
  }

  /** Number of datagrams that {@linkcode loss} has dropped. */
  lost(): Promise<number> {
    return this.#counter("lost");
  }

  /** Number of requests to the server's port, including dropped ones. The empty datagrams of a probe do not count. */
  requests(): Promise<number> {
    return this.#counter("requests");
  }

  /** Source ports of the requests, in order of first use. */
  requestPorts(): number[] {
    const sources = this.log.matchAll(/PCP request received from \S+:(?<port>\d+) \d+bytes/g);
    return [...new Set(Array.from(sources, (match) => Number(match.groups?.["port"])))];
  }

  /** Takes the link down: at the router, so that datagrams are lost, or at the inside host, so that sending fails. */
  async linkDown(end: "router" | "inside" = "router"): Promise<void> {
    await this.#link(end, "down");
  }

  /** Takes the link up and restores the inside host's addresses and routes, as a network manager does. */
  async linkUp(end: "router" | "inside" = "router"): Promise<void> {
    await this.#link(end, "up");
    await batch(this.#topology.inside, this.#topology.insideAddresses());
  }

  /** Runs `ip` commands on the inside host or the router; `{vi}` and `{vr}` stand for their interfaces. */
  async ip(where: "inside" | "router", ...commands: readonly string[]): Promise<void> {
    const { inside, router, vi, vr } = this.#topology;
    const spelled = commands.map((each) => each.replaceAll("{vi}", vi).replaceAll("{vr}", vr));
    await batch(where === "inside" ? inside : router, spelled);
  }

  /** Runs a command on the inside host; the disposal of the lab kills it. */
  inside(command: readonly string[]): LabProcess {
    return this.#start(this.#topology.inside, command);
  }

  /** Runs a command on the third host; `{vt}` stands for its interface. */
  third(command: readonly string[]): LabProcess {
    const { third, vt } = this.#topology;
    return this.#start(third, command.map((word) => word.replaceAll("{vt}", vt)));
  }

  /** Runs a Deno program of this repository on the inside host. */
  insideDeno(program: string, args: readonly string[] = []): LabProcess {
    return this.inside(denoCommand(program, args));
  }

  /** Listens on the inside host; responds with the text received and its source. */
  async listenInside(
    protocol: "tcp" | "udp",
    port: number,
    address: string = INSIDE_IPV4,
  ): Promise<void> {
    await this.command("inside", { do: "listen", protocol, address, port });
  }

  /** Listens on the outside host, as {@linkcode listenInside}. */
  async listenOutside(
    protocol: "tcp" | "udp",
    port: number,
    address: string = OUTSIDE_IPV4,
  ): Promise<void> {
    await this.command("outside", { do: "listen", protocol, address, port });
  }

  /** Sends a text from the outside host, by default to the external address; returns the response, or undefined after `timeout` ms. */
  outside(
    protocol: "tcp" | "udp",
    port: number,
    options: CallOptions = {},
  ): Promise<string | undefined> {
    const { address = EXTERNAL_IPV4, text = "knock", timeout = 1_000 } = options;
    return this.command("outside", { do: "call", protocol, address, port, text, timeout });
  }

  /** Waits until a port lets packets in: its listener has answered the outside host, and has seen that host's address. */
  async expectOpen(
    protocol: "tcp" | "udp",
    port: number,
    address: string = EXTERNAL_IPV4,
  ): Promise<void> {
    const source = address.includes(":") ? `[${OUTSIDE_IPV6}]` : OUTSIDE_IPV4;
    await until(async () => {
      const answer = await this.outside(protocol, port, { address });
      return answer?.startsWith(`knock from ${source}:`)
        ? undefined
        : `${protocol} ${port} of ${address} answers "${answer}"`;
    }, 5_000);
  }

  /** As {@linkcode outside}, to the inside host's IPv6 address, which requires a pinhole. */
  outsideIpv6(
    protocol: "tcp" | "udp",
    port: number,
    options: CallOptions = {},
  ): Promise<string | undefined> {
    return this.outside(protocol, port, { address: INSIDE_IPV6, ...options });
  }

  /** Sends a text from a port of the inside host to the outside host. */
  callFromInside(
    protocol: "tcp" | "udp",
    localPort: number,
    port: number,
    options: CallOptions = {},
  ): Promise<string | undefined> {
    const { address = OUTSIDE_IPV4, text = "knock", timeout = 1_000 } = options;
    return this.command("inside", {
      do: "call",
      protocol,
      address,
      port,
      text,
      timeout,
      localPort,
    });
  }

  /** Sends a command to a host and returns the result. */
  async command(where: "inside" | "outside", command: HostCommand): Promise<string | undefined> {
    const value = await this.host(where).command(
      command,
      5_000 + ("timeout" in command ? command.timeout : 0),
    );
    return typeof value === "string" ? value : undefined;
  }

  /** The program of a host, started on first use. */
  host(where: "inside" | "outside"): CommandProcess<HostCommand> {
    const running = this.#hosts.get(where);
    if (running !== undefined) return running;
    const namespace = where === "inside" ? this.#topology.inside : this.#topology.outside;
    const host = new CommandProcess<HostCommand>(
      this.#start(namespace, denoCommand("tests/lab/host.ts", [])),
    );
    this.#hosts.set(where, host);
    return host;
  }

  /** Ends all processes and removes the namespaces. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await Promise.all(this.#processes.map((process) => process.kill()));
      await this.#daemon.stop();
    } finally {
      await this.#topology.remove();
    }
  }

  async #link(end: "router" | "inside", state: "up" | "down"): Promise<void> {
    const { router, inside, vr, vi } = this.#topology;
    const [namespace, device] = end === "router" ? [router, vr] : [inside, vi];
    await batch(namespace, [`link set ${device} ${state}`]);
  }

  #start(namespace: string, command: readonly string[]): LabProcess {
    const process = new LabProcess(["ip", "netns", "exec", namespace, ...command]);
    this.#processes.push(process);
    return process;
  }

  /** In UPnP each device and service is announced, and all of them twice. */
  async #announcementsEnd(): Promise<void> {
    let before = -1;
    await until(
      async () => {
        const count = await this.#counter("announced");
        const isOver = count === before;
        before = count;
        return isOver ? undefined : "the router announces still";
      },
      5_000,
      400,
    );
  }

  async #counter(name: "requests" | "announced" | "lost"): Promise<number> {
    const listing = await run(this.#inRouter("nft", "-j", "list", "counter", "inet", "lab", name));
    const { nftables } = JSON.parse(listing) as { nftables: { counter?: { packets: number } }[] };
    return nftables.find((object) => object.counter !== undefined)?.counter?.packets ?? 0;
  }

  #inRouter(...command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.#topology.router, ...command];
  }
}

/** A mapping in one line, such as `map tcp 6000 -> 192.168.77.2:6000`. */
export function describe(mapping: RouterMapping): string {
  const { type, protocol, externalPort, internalAddress, internalPort } = mapping;
  const inside = internalAddress.includes(":")
    ? `[${internalAddress}]:${internalPort}`
    : `${internalAddress}:${internalPort}`;
  const start = `${type} ${protocol} ${externalPort} -> ${inside}`;
  return mapping.type === "peer"
    ? `${start} for ${mapping.remoteAddress}:${mapping.remotePort}`
    : start;
}

export interface CallOptions {
  readonly address?: string;
  readonly text?: string;
  readonly timeout?: number;
}

function denoCommand(program: string, args: readonly string[]): string[] {
  return [
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    "--config",
    `${ROOT}/deno.json`,
    `${ROOT}/${program}`,
    ...args,
  ];
}

/** The indices of `count` of ten datagrams, evenly spread: 3 gives 0, 3, 6. */
function spread(count: number): number[] {
  if (!Number.isInteger(count) || count < 1 || count > 10) {
    throw new RangeError(
      `Cannot lose datagrams: the share must be a multiple of 10 from 10 to 100, got "${
        count * 10
      }"`,
    );
  }
  return Array.from({ length: count }, (_, index) => Math.floor(index * 10 / count));
}

/** The port of the program that refuses PCP requests. */
const REFUSER_PORT = "5352";

/** The port that announcements in NAT-PMP leave from, before it is changed to the server's. */
const ANNOUNCE_PORT = "5354";

/** Version 0, opcode 128, result 0, epoch 0, the external address (RFC 6886 section 3.2.1). */
const ANNOUNCE_NATPMP = `
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((sys.argv[1], int(sys.argv[2])))
sender.sendto(bytes([0, 128, 0, 0, 0, 0, 0, 0, 20, 30, 40, 1]), ("224.0.0.1", 5350))
`;

/** The port of the program that delays requests. */
const RELAY_PORT = "5353";

/** Of the announcements of UPnP and PCP. */
const PORTS = "{ 1900, 5350 }";

const CHAINS = ["miniupnpd", "prerouting_miniupnpd", "postrouting_miniupnpd"];
const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
