import { IpAddress } from "../../wire/address.ts";
import { Opcode } from "../../wire/opcode.ts";
import type { Prefix64Option } from "../../wire/option_type.ts";
import { ProtocolNumber } from "../../wire/protocol_number.ts";
import type { IgdOptions } from "./igd/options.ts";

/** Departures from the RFCs that real servers have. All are off by default. */
export interface Quirks {
  /** Error lifetimes of the long kind are 0. */
  readonly zeroLongLifetimes?: boolean;
  /** A success response carries every option of the request, supported or not. */
  readonly echoOptions?: boolean;
  /** Every FILTER is accepted and ignored. */
  readonly ignoreFilters?: boolean;
  /** The deletion of an IPv4 mapping that does not exist fails with NO_RESOURCES. */
  readonly missingDeleteFails?: boolean;
  /** A restart or a new external address is announced once instead of 10 times. */
  readonly announceOnce?: boolean;
  /** The response to a deletion carries the external address. */
  readonly addressInDelete?: boolean;
  /** Any nonce renews an IPv4 mapping and becomes its nonce. */
  readonly anyNonceRenews?: boolean;
  /** Responses to requests of a wrong length begin with version 0 and opcode 0x80. */
  readonly zeroVersionOnMalformed?: boolean;
  /** The lifetime of an ANNOUNCE response is that of the request, within the bounds. */
  readonly announceLifetime?: boolean;
  /** The padding of an option is taken for the next option, so that a request with padded options is refused. */
  readonly refusesPadding?: boolean;
  /** The response to a repeated request for an IPv6 pinhole has the suggested port; the rule has the internal one. */
  readonly suggestedPinholePort?: boolean;
  /** PREFER_FAILURE for a port that is taken gets another port. */
  readonly replacesTakenPort?: boolean;
  /** The external address is of the client's family, whatever is suggested. */
  readonly clientFamily?: boolean;
  /** A suggested port is assigned although another internal port has it. */
  readonly sharesPorts?: boolean;
  /** THIRD_PARTY is ignored: the mapping is for the client itself, and the response is without the option. */
  readonly ignoresThirdParty?: boolean;
  /** UNSUPP_OPCODE does not copy the request: all zeros after the header, or the header alone. */
  readonly bareOpcodeErrors?: "zeroed" | "headerOnly";
  /** Requests of another version get no answer instead of a version error. */
  readonly dropsOtherVersions?: boolean;
  /** The numbers in NAT-PMP responses are in the order of a little-endian processor; addresses are not. */
  readonly natPmpLittleEndian?: boolean;
}

/** A protocol by which a gateway makes mappings. */
export type GatewayProtocol = "pcp" | "nat-pmp" | "upnp";

/** Returns the external port, 1 to 65535, to try first for a mapping whose suggested port is not assigned. */
export type PortAssigner = (internalPort: number, protocol: number) => number;

/** The configuration of a {@linkcode SimulatedServer}: by default a strict NAT44 and IPv6 firewall that speaks PCP only. */
export interface ServerOptions {
  /** External IPv4 address; `null` is none yet, so that mappings fail with NETWORK_FAILURE. Default `203.0.113.5`. */
  readonly externalAddress?: string | null;
  /** External IPv6 address for translated mappings. Default none. */
  readonly externalAddress6?: string | null;
  /** Shortest lifetime granted, in seconds. Default 0. */
  readonly minLifetime?: number;
  /** Longest lifetime granted, in seconds. Default 86,400. */
  readonly maxLifetime?: number;
  /** Lifetime of short lifetime errors in seconds (RFC 6887 section 7.4). Default 30. */
  readonly shortErrorLifetime?: number;
  /** Lifetime of long lifetime errors in seconds (RFC 6887 section 7.4). Default 1,800. */
  readonly longErrorLifetime?: number;
  /** Epoch time in seconds at the first call that passes a time. Default 0. */
  readonly epoch?: number;
  /**
   * External port of a mapping whose suggested port is not assigned: the internal port (`same`), the next one from 40000
   * on (`next`), a number, or the result of a function. Ports in use are skipped. Default `next`.
   */
  readonly assignPort?: "same" | "next" | number | PortAssigner;
  /**
   * Lowest port of this host, and lowest external port, that a translated mapping may have; a lower internal port is refused
   * with NOT_AUTHORIZED. Default 1.
   */
  readonly lowestPort?: number;
  /** Whether a new mapping ignores the suggested port. Default false. */
  readonly ignoreSuggestions?: boolean;
  /** Whether an IPv6 mapping opens a firewall and is not translated. Default true. */
  readonly firewall6?: boolean;
  /** Whether an IPv6 client can get an external IPv4 address. Default false. */
  readonly nat64?: boolean;
  /**
   * The protocols that the gateway speaks, by name. Default PCP, and NAT-PMP as `natPmp` and `natPmpOnly` say. Numbers
   * instead of names are the older form of `translated`.
   */
  readonly protocols?: readonly GatewayProtocol[] | readonly number[];
  /** What a datagram to the port gets if the gateway speaks neither PCP nor NAT-PMP: no answer, or ICMP port unreachable. Default `silent`. */
  readonly closedPort?: "silent" | "refused";
  /** How the gateway speaks UPnP, if it does. */
  readonly igd?: IgdOptions;
  /** IANA numbers of the protocols that can be translated; a firewall maps all. Default TCP and UDP. */
  readonly translated?: readonly number[];
  /** Whether all ports, or all protocols, can be translated; a firewall always maps them. Default false. */
  readonly wildcards?: boolean;
  /** Supported opcodes. Default ANNOUNCE, MAP and PEER. */
  readonly opcodes?: readonly number[];
  /** Codes of options to treat as unknown. Default none. */
  readonly unsupportedOptions?: readonly number[];
  /** Whether THIRD_PARTY is supported. Default false. */
  readonly thirdParty?: boolean;
  /** Known values of THIRD_PARTY_ID (RFC 7843) in hexadecimal digits. Default: the option is unknown. */
  readonly thirdPartyIds?: readonly string[];
  /** Most FILTERs of a mapping. Default 8. */
  readonly maxFilters?: number;
  /** Most octets of a DESCRIPTION kept; 0: the option is unknown. Default 1,016. */
  readonly maxDescription?: number;
  /** Most ports of a PORT_SET; 0: the option is unknown. Default 64. */
  readonly maxPortSet?: number;
  /** Whether CHECKPOINT_REQUIRED is supported (RFC 7767). Default false. */
  readonly checkpoint?: boolean;
  /** NAT64 prefixes in every ANNOUNCE response, and in MAP responses on request (RFC 7225). Default none. */
  readonly prefix64?: readonly Prefix64Option[];
  /** Whether every MAP response has the NAT64 prefixes. Default false. */
  readonly prefix64Unasked?: boolean;
  /** Most mappings of all clients together; the next is refused with NO_RESOURCES. Default no bound. */
  readonly capacity?: number;
  /** Most mappings of an internal address; the next is refused with USER_EX_QUOTA. Default no bound. */
  readonly quota?: number;
  /** The only supported version; others get UNSUPP_VERSION. Default 2. */
  readonly supportedVersion?: number;
  /**
   * Octets of an UNSUPP_VERSION response, 4 to 24; of the version error of NAT-PMP, 4 to 60, with octets of the request after
   * the eighth. Default: as many as the request, at least 24; 8 in NAT-PMP.
   */
  readonly versionErrorLength?: number;
  /** Whether the server speaks NAT-PMP beside the others. Default false. */
  readonly natPmp?: boolean;
  /** Whether the server speaks NAT-PMP only. Default false. */
  readonly natPmpOnly?: boolean;
  /** Opcode of the NAT-PMP version error: 0 (`zero`, RFC 6886 section 3.5) or with the response bit. Default `zero`. */
  readonly natPmpErrorOpcode?: "zero" | "response";
  /** Departures from the RFCs. Default none. */
  readonly quirks?: Quirks;
  /** Number of datagrams that the log keeps. Default 1,000. */
  readonly logLimit?: number;
}

/** Releases of miniupnpd that differ: Debian 12 has 2.3.1. */
export type MiniupnpdVersion = "2.3.1" | "2.3.11";

/**
 * The options of a server that behaves as miniupnpd, the most common one, with the rules that it is shipped with: ports from
 * 1024 on, lifetimes from 2 minutes to a day, long lifetime errors with lifetime 0, every option echoed, deletions without
 * mapping refused, no PEER.
 *
 * @param options Options and quirks that differ. Version 2.3.1, the default, refuses padded options; 2.3.11 takes them, and
 * grants no less than 2 minutes whatever `minLifetime` is.
 */
export function miniupnpd(
  { version = "2.3.1", ...options }: ServerOptions & { readonly version?: MiniupnpdVersion } = {},
): ServerOptions {
  const isOld = version === "2.3.1";
  const { minLifetime = LEAST_LIFETIME } = options;
  return {
    maxLifetime: 86_400,
    lowestPort: 1_024,
    assignPort: "same",
    opcodes: [Opcode.Announce, Opcode.Map],
    maxDescription: 0,
    maxPortSet: 0,
    natPmp: true,
    ...options,
    minLifetime: isOld ? minLifetime : Math.max(minLifetime, LEAST_LIFETIME),
    quirks: {
      refusesPadding: isOld,
      suggestedPinholePort: true,
      replacesTakenPort: true,
      clientFamily: true,
      zeroLongLifetimes: true,
      echoOptions: true,
      ignoreFilters: true,
      missingDeleteFails: true,
      announceOnce: true,
      addressInDelete: true,
      anyNonceRenews: true,
      zeroVersionOnMalformed: true,
      announceLifetime: true,
      ...options.quirks,
    },
  };
}

/** {@linkcode ServerOptions} with all defaults. */
export interface Settings extends
  Required<
    Omit<
      ServerOptions,
      | "externalAddress"
      | "externalAddress6"
      | "assignPort"
      | "versionErrorLength"
      | "thirdPartyIds"
      | "protocols"
      | "natPmp"
      | "natPmpOnly"
    >
  > {
  /** The protocols that the gateway speaks now. */
  spoken: ReadonlySet<GatewayProtocol>;
  readonly assignPort: PortAssigner;
  readonly thirdPartyIds: readonly string[] | undefined;
  readonly versionErrorLength: number | undefined;
}

/**
 * Applies the defaults.
 *
 * @throws {RangeError} If `minLifetime` is above `maxLifetime`, or there is no protocol of a name.
 */
export function resolveOptions(options: ServerOptions): Settings {
  const settings: Settings = {
    minLifetime: 0,
    maxLifetime: 86_400,
    shortErrorLifetime: 30,
    longErrorLifetime: 1_800,
    epoch: 0,
    lowestPort: 1,
    ignoreSuggestions: false,
    firewall6: true,
    nat64: false,
    closedPort: "silent",
    igd: {},
    wildcards: false,
    opcodes: [Opcode.Announce, Opcode.Map, Opcode.Peer],
    unsupportedOptions: [],
    thirdParty: false,
    maxFilters: 8,
    maxDescription: 1_016,
    maxPortSet: 64,
    checkpoint: false,
    prefix64: [],
    prefix64Unasked: false,
    capacity: Number.POSITIVE_INFINITY,
    quota: Number.POSITIVE_INFINITY,
    supportedVersion: 2,
    natPmpErrorOpcode: "zero",
    quirks: {},
    logLimit: 1_000,
    ...options,
    spoken: new Set(spokenProtocols(options)),
    translated: options.translated ?? protocolNumbers(options) ??
      [ProtocolNumber.Tcp, ProtocolNumber.Udp],
    assignPort: portAssigner(options.assignPort ?? "next"),
    thirdPartyIds: options.thirdPartyIds,
    versionErrorLength: options.versionErrorLength,
  };
  if (settings.minLifetime > settings.maxLifetime) {
    throw new RangeError(
      `Cannot simulate a server: minLifetime must not be above maxLifetime, got "${settings.minLifetime}" and "${settings.maxLifetime}"`,
    );
  }
  return settings;
}

/** The numbers of `protocols` in its older form. */
function protocolNumbers({ protocols }: ServerOptions): readonly number[] | undefined {
  const numbers = protocols?.filter((each) => typeof each === "number");
  return numbers?.length === protocols?.length ? numbers : undefined;
}

/** @throws {RangeError} If there is no such protocol. */
export function checkProtocol(name: GatewayProtocol): void {
  if (["pcp", "nat-pmp", "upnp"].includes(name)) return;
  throw new RangeError(
    `Cannot simulate a server: protocols must be "pcp", "nat-pmp" or "upnp", got "${name}"`,
  );
}

/** The protocols of the options, in the older and the newer form. */
function spokenProtocols({ protocols = [], natPmp, natPmpOnly }: ServerOptions): GatewayProtocol[] {
  const names = protocols.filter((each) => typeof each !== "number");
  for (const name of names) checkProtocol(name);
  if (natPmpOnly) return ["nat-pmp"];
  return [
    ...(names.length > 0 ? names : ["pcp" as const]),
    ...(natPmp ? ["nat-pmp" as const] : []),
  ];
}

/** The address in an option; undefined for `null`. */
export function parseExternal(
  text: string | null | undefined,
  defaultText: string | null,
): IpAddress | undefined {
  const given = text === undefined ? defaultText : text;
  return given === null ? undefined : IpAddress.parse(given);
}

/** Seconds. */
const LEAST_LIFETIME = 120;

const FIRST_NEXT_PORT = 40_000;

function portAssigner(policy: "same" | "next" | number | PortAssigner): PortAssigner {
  if (typeof policy === "function") return policy;
  if (typeof policy === "number") return () => policy;
  if (policy === "same") return (internalPort) => internalPort;
  let next = FIRST_NEXT_PORT;
  return () => {
    const port = next;
    next = next === 0xffff ? FIRST_NEXT_PORT : next + 1;
    return port;
  };
}
