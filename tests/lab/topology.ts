import { Claim } from "./claim.ts";
import { run } from "./process.ts";

/** What a {@linkcode Topology} has besides its three hosts. */
export interface TopologyOptions {
  /** One more host in the inside network: a bridge of the router joins it and the inside host. */
  readonly thirdHost?: boolean;
}

/** Three network namespaces in a row: a host inside, a router, a host outside, without other connections. */
export class Topology {
  readonly #claim: Claim;
  /** Names of the namespaces. */
  readonly inside: string;
  readonly router: string;
  readonly outside: string;
  /** The namespace of the third host; it exists only if the options ask for one. */
  readonly third: string;
  /** Names of the interfaces: the inside host's, the router's two, the outside host's. */
  readonly vi: string;
  readonly vr: string;
  readonly vx: string;
  readonly vo: string;
  /** The third host's interface. */
  readonly vt: string;
  /** Directory of the daemon's files; removed with the namespaces. */
  readonly directory: string;

  /** Creates the namespaces, addresses, routes and the router's rules. */
  static async build(options: TopologyOptions = {}): Promise<Topology> {
    const topology = new Topology(await Claim.take());
    try {
      await topology.#build(options.thirdHost ?? false);
      return topology;
    } catch (error) {
      await topology.remove();
      throw error;
    }
  }

  private constructor(claim: Claim) {
    const { id, prefix, directory } = claim;
    this.#claim = claim;
    this.inside = `${prefix}-in`;
    this.router = `${prefix}-rt`;
    this.outside = `${prefix}-out`;
    this.third = `${prefix}-3rd`;
    this.vi = `vi${id}`;
    this.vr = `vr${id}`;
    this.vx = `vx${id}`;
    this.vo = `vo${id}`;
    this.vt = `vt${id}`;
    this.directory = directory;
  }

  /** Ends every process in the namespaces and removes them. */
  async remove(): Promise<void> {
    await this.#claim.release();
  }

  async #build(thirdHost: boolean): Promise<void> {
    const { inside, router, outside, vi, vr, vx, vo } = this;
    for (const namespace of [inside, router, outside]) await run(["ip", "netns", "add", namespace]);
    await this.#settings(inside, []);
    await this.#settings(outside, []);
    await this.#settings(router, ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]);
    if (thirdHost) await this.#bridge();
    else await run(cable(vi, inside, vr, router));
    await run(cable(vo, outside, vx, router));
    await batch(router, [
      "link set lo up",
      `link set ${vr} addrgenmode none`, // no link-local address besides ROUTER_LINK_LOCAL
      `addr add ${ROUTER_IPV4}/24 dev ${vr}`,
      `addr add ${ROUTER_IPV6}/64 dev ${vr} nodad`,
      `addr add ${ROUTER_LINK_LOCAL}/64 dev ${vr} nodad`,
      `addr add ${EXTERNAL_IPV4}/24 dev ${vx}`,
      `addr add ${EXTERNAL_IPV6}/64 dev ${vx} nodad`,
      `link set ${vr} up`,
      `link set ${vx} up`,
    ]);
    await batch(inside, ["link set lo up", `link set ${vi} up`, ...this.insideAddresses()]);
    await batch(outside, [
      "link set lo up",
      `addr add ${OUTSIDE_IPV4}/24 dev ${vo}`,
      `addr add ${OUTSIDE_IPV6}/64 dev ${vo} nodad`,
      `link set ${vo} up`,
      `-6 route add default via ${EXTERNAL_IPV6}`,
    ]);
    await run(["ip", "netns", "exec", router, "nft", "-f", "-"], this.#rules());
  }

  /** The commands that set the inside host's addresses and routes; repeatable. */
  insideAddresses(): string[] {
    return [
      `addr replace ${INSIDE_IPV4}/24 dev ${this.vi}`,
      `addr replace ${INSIDE_IPV6}/64 dev ${this.vi} nodad`,
      `route replace default via ${ROUTER_IPV4}`,
      `-6 route replace default via ${ROUTER_LINK_LOCAL} dev ${this.vi}`,
    ];
  }

  /** Disables duplicate address detection, which takes two seconds, and keeps addresses while the link is down. */
  /** Joins the inside host and the third one to a bridge, which is the router's inside interface. */
  async #bridge(): Promise<void> {
    const { id } = this.#claim;
    const { inside, router, third, vi, vr, vt } = this;
    const [port, otherPort] = [`va${id}`, `vb${id}`];
    await run(["ip", "netns", "add", third]);
    await this.#settings(third, []);
    await run(cable(vi, inside, port, router));
    await run(cable(vt, third, otherPort, router));
    await batch(router, [
      `link add ${vr} type bridge`,
      ...[port, otherPort].flatMap((
        each,
      ) => [`link set ${each} master ${vr}`, `link set ${each} up`]),
    ]);
    await batch(third, [`addr add ${THIRD_IPV4}/24 dev ${vt}`, `link set ${vt} up`]);
  }

  async #settings(namespace: string, switches: readonly string[]): Promise<void> {
    const ones = [...switches, "ipv6/conf/all/keep_addr_on_down"].map((name) =>
      `echo 1 >/proc/sys/net/${name}`
    );
    const zeros = ["all", "default"].map((name) =>
      `echo 0 >/proc/sys/net/ipv6/conf/${name}/accept_dad`
    );
    await run(["ip", "netns", "exec", namespace, "sh", "-ec", [...ones, ...zeros].join("; ")]);
  }

  #rules(): string {
    return `
table inet filter {
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "${this.vr}" accept
    jump miniupnpd
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    jump prerouting_miniupnpd
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    jump postrouting_miniupnpd
    oifname "${this.vx}" ip saddr ${INSIDE_NETWORK} masquerade
  }
}
table inet lab {
  counter requests { }
  counter announced { }
  counter lost { }
  chain mute { }
  chain filtered { }
  chain lossy_in { }
  chain lossy_out { }
  chain input {
    type filter hook input priority -10;
    udp dport 5351 udp length > 8 counter name requests
    jump filtered
    jump lossy_in
  }
  chain output {
    type filter hook output priority -10;
    udp dport { 1900, 5350 } counter name announced
    jump mute
    jump lossy_out
  }
}
`;
  }
}

export const INSIDE_IPV4 = "192.168.77.2";
export const THIRD_IPV4 = "192.168.77.9";
export const INSIDE_IPV6 = "fd77::2";
export const INSIDE_NETWORK = "192.168.77.0/24";
export const ROUTER_IPV4 = "192.168.77.1";
export const ROUTER_IPV6 = "fd77::1";
export const ROUTER_LINK_LOCAL = "fe80::1";
/** Public addresses, because miniupnpd refuses private and documentation ones; no packet leaves the namespaces. */
export const EXTERNAL_IPV4 = "20.30.40.1";
export const EXTERNAL_IPV6 = "2001:db8:1::1";
export const OUTSIDE_IPV4 = "20.30.40.2";
export const OUTSIDE_IPV6 = "2001:db8:1::2";

/** Runs `ip` commands in a namespace up to the first that fails. */
export async function batch(namespace: string, commands: readonly string[]): Promise<void> {
  const plain = commands.filter((command) => !command.startsWith("-6 "));
  const ipv6 = commands.filter((command) => command.startsWith("-6 ")).map((command) =>
    command.slice(3)
  );
  await run(["ip", "-n", namespace, "-batch", "-"], `${plain.join("\n")}\n`);
  if (ipv6.length > 0) {
    await run(["ip", "-6", "-n", namespace, "-batch", "-"], `${ipv6.join("\n")}\n`);
  }
}

function cable(end: string, namespace: string, otherEnd: string, otherNamespace: string): string[] {
  const one = ["ip", "link", "add", end, "netns", namespace];
  return [...one, "type", "veth", "peer", "name", otherEnd, "netns", otherNamespace];
}
