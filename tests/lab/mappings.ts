/** A mapping of the router, read from the kernel's rules instead of the daemon's log. */
export type RouterMapping =
  /** MAP over IPv4: a dnat rule. */
  | {
    type: "map";
    protocol: string;
    externalPort: number;
    internalAddress: string;
    internalPort: number;
  }
  /** MAP over IPv6: an accept rule. */
  | {
    type: "pinhole";
    protocol: string;
    externalPort: number;
    internalAddress: string;
    internalPort: number;
  }
  /** PEER: a snat rule. */
  | {
    type: "peer";
    protocol: string;
    externalPort: number;
    internalAddress: string;
    internalPort: number;
    remoteAddress: string;
    remotePort: number;
  };

/** Parses the output of `nft -j list table inet filter`. */
export function parseMappings(json: string, insidePrefix: string): RouterMapping[] {
  const listing = JSON.parse(json) as { nftables: { rule?: Rule }[] };
  const mappings: RouterMapping[] = [];
  for (const { rule } of listing.nftables) {
    const mapping = rule === undefined ? undefined : parseRule(rule, insidePrefix);
    if (mapping !== undefined) mappings.push(mapping);
  }
  return mappings;
}

function parseRule(rule: Rule, insidePrefix: string): RouterMapping | undefined {
  const seen = readMatches(rule.expr);
  const protocol = protocolName(seen.get("nh 72 8") ?? seen.get("nh 48 8"));
  const dnat = rule.expr.find((expression) => expression.dnat !== undefined)?.dnat;
  if (rule.chain === "prerouting_miniupnpd" && dnat !== undefined) {
    const externalPort = Number(seen.get("th dport"));
    return {
      type: "map",
      protocol,
      externalPort,
      internalAddress: dnat.addr,
      internalPort: dnat.port,
    };
  }
  const snat = rule.expr.find((expression) => expression.snat !== undefined)?.snat;
  if (rule.chain === "postrouting_miniupnpd" && snat !== undefined) {
    return { type: "peer", protocol, externalPort: snat.port, ...peerEnds(seen, insidePrefix) };
  }
  const destination = seen.get("nh 192 128");
  if (rule.chain === "miniupnpd" && destination !== undefined) {
    const internalPort = Number(seen.get("th dport"));
    return {
      type: "pinhole",
      protocol,
      externalPort: internalPort,
      internalAddress: ipv6Text(destination),
      internalPort,
    };
  }
  return undefined;
}

/** miniupnpd 2.3.1 writes a PEER rule for the responses (source: the peer), so the internal end is the one in the inside network. */
function peerEnds(seen: Matches, insidePrefix: string): PeerEnds {
  const source = { address: ipv4Text(seen.get("nh 96 32")), port: Number(seen.get("th sport")) };
  const destination = {
    address: ipv4Text(seen.get("nh 128 32")),
    port: Number(seen.get("th dport")),
  };
  const [internal, remote] = source.address.startsWith(insidePrefix)
    ? [source, destination]
    : [destination, source];
  return {
    internalAddress: internal.address,
    internalPort: internal.port,
    remoteAddress: remote.address,
    remotePort: remote.port,
  };
}

/** The values that a rule matches by field: `th dport`, or base, bit offset and length such as `nh 128 32`. */
function readMatches(expressions: readonly Expression[]): Matches {
  const seen = new Map<string, number | string>();
  for (const { match } of expressions) {
    const payload = match?.left.payload;
    if (match === undefined || payload === undefined) continue;
    const where = "field" in payload
      ? `${payload.protocol} ${payload.field}`
      : `${payload.base} ${payload.offset} ${payload.len}`;
    seen.set(where, match.right);
  }
  return seen;
}

function protocolName(value: number | string | undefined): string {
  if (value === 6) return "tcp";
  return value === 17 ? "udp" : String(value);
}

function ipv4Text(value: number | string | undefined): string {
  const word = Number(value);
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join(".");
}

/** Converts `0xfd77…0002` to text; the URL parser shortens it by RFC 5952. */
function ipv6Text(value: number | string): string {
  const digits = String(value).replace(/^0x/, "").padStart(32, "0");
  const groups = digits.match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

type Matches = ReadonlyMap<string, number | string>;

type PeerEnds = Pick<
  RouterMapping & { type: "peer" },
  "internalAddress" | "internalPort" | "remoteAddress" | "remotePort"
>;

interface Rule {
  readonly chain: string;
  readonly expr: readonly Expression[];
}

interface Expression {
  readonly match?: {
    readonly left: {
      readonly payload?: { protocol: string; field: string } | {
        base: string;
        offset: number;
        len: number;
      };
    };
    readonly right: number | string;
  };
  readonly dnat?: { readonly addr: string; readonly port: number };
  readonly snat?: { readonly addr: string; readonly port: number };
}
