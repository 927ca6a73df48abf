import type { Surroundings } from "../../discovery/surroundings.ts";
import { ResultCode, resultSentence } from "../../wire/result_code.ts";
import type { UpnpSightings } from "../network/upnp_connection.ts";
import type { Diagnosis, Finding, FindingCode } from "./diagnosis.ts";

type Facts = Omit<Diagnosis, "findings">;

/** What else is known of a gateway. */
export interface GatewayFacts {
  /** Without a period. */
  readonly sentence: string;
  /** The version that it named when it refused PCP's. */
  readonly version: number | undefined;
  /** The system's message, if the last send failed on this host. */
  readonly sendError: string | undefined;
  /** What was seen of UPnP. */
  readonly upnp: UpnpSightings;
}

/** The facts of a diagnosis in sentences, for people without knowledge of networks. */
export function findings(
  facts: Facts,
  gateway: GatewayFacts,
  surroundings?: Surroundings,
): readonly Finding[] {
  const about = [server(facts, gateway)];
  if (facts.protocol === null) {
    return [...about.map((each) => within(surroundings, each)), ...upnpTrouble(facts, gateway)];
  }
  if (facts.refusal !== null) about.push(within(surroundings, refused(facts, facts.refusal.code)));
  else about.push(external(facts));
  if (facts.epoch !== null) about.push(upSince(facts.epoch));
  // UPnP has announcements of its own, and its mappings are looked at from time to time.
  return facts.protocol === "UPnP" ? about : [...about, announcements(facts)];
}

function server({ protocol, server, roundTrip }: Facts, gateway: GatewayFacts): Finding {
  const quickly = `${Math.max(1, Math.round(roundTrip ?? 0))} ms`;
  if (protocol === "PCP") {
    return good(
      "pcp",
      `The router at ${server} opens ports on request: it speaks PCP and answered in ${quickly}.`,
    );
  }
  if (protocol === "NAT-PMP") {
    return good(
      "natPmp",
      `The router at ${server} opens ports on request: it speaks NAT-PMP, the older form of PCP, and answered in ${quickly}. It can do that for TCP and UDP, and nothing more.`,
    );
  }
  if (protocol === "UPnP") {
    const { friendlyName = "" } = gateway.upnp.found ?? {};
    const name = friendlyName === "" ? "" : ` (“${friendlyName}”)`;
    return good(
      "upnp",
      `The router at ${server}${name} opens ports on request: it speaks UPnP, and neither PCP nor NAT-PMP. It can do that for TCP and UDP, and any computer of this network can see and close such ports.`,
    );
  }
  if (gateway.version === undefined && gateway.sendError !== undefined) {
    return problem(
      "cannotSend",
      `This computer cannot send to ${server} (${gateway.sendError}). Is the cable plugged in, or the wireless network connected?`,
    );
  }
  const code = gateway.version === undefined ? "noServer" : "otherVersion";
  return problem(code, `${gateway.sentence}.`);
}

/** What was seen of UPnP although no gateway of it can be used. */
function upnpTrouble({ server }: Facts, { upnp }: GatewayFacts): readonly Finding[] {
  const others = upnp.elsewhere.join(" and ");
  return [
    ...(upnp.isUnreadable
      ? [problem(
        "upnpUnreadable",
        `The router at ${server} announces UPnP, but what it says of its services cannot be read or used: an update of the router may help.`,
      )]
      : []),
    ...(others === "" ? [] : [notice(
      "upnpElsewhere",
      `Another device offers to open ports over UPnP, at ${others}. It is not used, because this computer's way to the Internet is ${server}. If it is the router, give its address as the server's.`,
    )]),
  ];
}

/** Adds why a gateway that does not help may not be the router. */
function within(surroundings: Surroundings | undefined, finding: Finding): Finding {
  if (surroundings === undefined) return finding;
  return { ...finding, text: `${finding.text} ${NOT_THE_ROUTER[surroundings]}` };
}

const NOT_THE_ROUTER = {
  container:
    "This program runs in a container: its gateway is the host of the container, not the router, and changes the addresses on the way. Give the container the network of its host (--network host), or an address in the router's network (macvlan).",
  wsl:
    "This program runs in Linux on Windows (WSL): its gateway is Windows, not the router. Run it in Windows, or write networkingMode=mirrored into the section [wsl2] of .wslconfig.",
} as const;

function refused({ client, server, protocol }: Facts, code: number): Finding {
  if (code === ResultCode.AddressMismatch) {
    return problem(
      "addressMismatch",
      `Something between this computer and ${server} changes addresses: the requests do not arrive there from ${client}. There are two routers in a row (double NAT); ask the nearer one.`,
    );
  }
  if (code === ResultCode.NetworkFailure) return noInternet();
  if (protocol === "UPnP") {
    return problem(
      "upnpRefused",
      `The router speaks UPnP, but does not let this computer open ports. ${
        resultSentence(code)
      } Its settings may have a switch for that, for all computers or for each.`,
    );
  }
  return problem(
    "refused",
    `The router refuses to open ports over ${protocol}. ${resultSentence(code)}`,
  );
}

function external({ externalAddress: address, addressKind: kind, client }: Facts): Finding {
  switch (kind) {
    case null:
      return notice(
        "addressUnknown",
        "The router did not tell its Internet address. It may be busy: ask again in a while.",
      );
    case "global":
      return good(
        "public",
        address === client
          ? `This computer's own address ${address} is valid in the whole Internet: the router need only let the traffic through.`
          : `Its Internet address is ${address}, valid in the whole Internet: ports opened there can be reached, unless the provider filters them.`,
      );
    case "private":
      if (address?.includes(":")) return uniqueLocal(address);
      return problem(
        "doubleNat",
        `Its address on the other side, ${address}, is a private one: between it and the Internet is one more router (double NAT). Ports opened here cannot be reached from the Internet. Open them on the other router too, or switch one of the two to bridge mode.`,
      );
    case "shared":
      return problem(
        "carrierNat",
        `Its address on the other side, ${address}, belongs to the provider, who shares one Internet address among many customers (carrier-grade NAT). Ports opened here cannot be reached from the Internet. Ask the provider for an IPv4 address of your own, or use IPv6.`,
      );
    case "documentation":
      return notice(
        "simulated",
        `Its address on the other side, ${address}, is one for examples and tests: this is a simulated router.`,
      );
    default:
      return problem(
        "oddAddress",
        `Its address on the other side, ${address}, is not one of the Internet (${
          KINDS[kind]
        }): ports opened here cannot be reached from there. Is the router's line connected?`,
      );
  }
}

/** A unique local address (RFC 4193) is no sign of a second translation: a network has it beside its global ones. */
function uniqueLocal(address: string): Finding {
  return problem(
    "uniqueLocal",
    `Its address on the other side, ${address}, is one of the local network only (ULA): ports opened for it cannot be reached from the Internet. There is no second router in that. Use a global IPv6 address of this computer, if it has one, or IPv4.`,
  );
}

function noInternet(): Finding {
  return problem(
    "noInternet",
    "The router has no Internet address at the moment. Is its line connected?",
  );
}

function upSince(epoch: number): Finding {
  return notice(
    "upSince",
    `The router has kept its list of open ports for ${
      duration(epoch)
    }. When it begins anew, as by a restart, this program opens its ports again.`,
  );
}

function announcements({ announcements: { listening, heard } }: Facts): Finding {
  if (!listening) {
    return notice(
      "deaf",
      "A restart of the router is noticed late, when a port is renewed: its announcements are not listened for, or another program keeps their UDP port to itself.",
    );
  }
  const times = heard === 1 ? "once" : `${heard} times`;
  return good(
    "hears",
    `A restart of the router is noticed at once if it announces it; so far ${
      heard === 0 ? "nothing was" : `it was ${times}`
    } heard.`,
  );
}

/** The duration in its two largest units, as in `2 days and 3 hours`. */
function duration(seconds: number): string {
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;
  const index = Math.max(0, units.findIndex(([, length]) => seconds >= length));
  let rest = seconds;
  const parts = units.slice(seconds < 1 ? 3 : index).slice(0, 2).flatMap(([name, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count === 0 && seconds >= 1 ? [] : [`${count} ${name}${count === 1 ? "" : "s"}`];
  });
  return parts.join(" and ");
}

const KINDS = {
  linkLocal: "one that hosts give themselves when nobody else does",
  loopback: "one of the router itself",
  multicast: "one of a group",
  reserved: "a reserved one",
} as const;

function good(code: FindingCode, text: string): Finding {
  return { code, level: "good", text };
}

function notice(code: FindingCode, text: string): Finding {
  return { code, level: "notice", text };
}

function problem(code: FindingCode, text: string): Finding {
  return { code, level: "problem", text };
}
