import { IpAddress } from "../../wire/address.ts";
import { Opcode } from "../../wire/opcode.ts";
import type { Prefix64Option } from "../../wire/option_type.ts";
import { ProtocolNumber } from "../../wire/protocol_number.ts";

/** How a server departs from the RFCs, as real ones do. Everything is off unless told. */
export interface Quirks {
  /** Error lifetimes of the long kind are 0. */
  readonly zeroLongLifetimes?: boolean;
  /** Every option of a request stands in its success, understood or not. */
  readonly echoOptions?: boolean;
  /** FILTER is accepted whatever it says, and forgotten. */
  readonly ignoreFilters?: boolean;
  /** The deletion of an IPv4 mapping that does not exist is NO_RESOURCES, 30 seconds. */
  readonly missingDeleteFails?: boolean;
  /** A restart or a new external address is announced once. */
  readonly announceOnce?: boolean;
  /** The answer to a deletion carries the external address. */
  readonly addressInDelete?: boolean;
  /** An IPv4 mapping can be renewed with any nonce, and takes the new one. */
  readonly anyNonceRenews?: boolean;
  /** Answers to requests of a wrong length begin with version 0 and opcode 0x80. */
  readonly zeroVersionOnMalformed?: boolean;
  /** The lifetime of an ANNOUNCE answer is the request's, clamped. */
  readonly announceLifetime?: boolean;
}

/** Gives the external port to try first for a mapping without an acceptable suggestion, 1 to 65535. */
export type PortAssigner = (internalPort: number, protocol: number) => number;

/** How a {@linkcode SimulatedServer} behaves. Unless told it is a strict NAT44 and IPv6 firewall that speaks PCP only. */
export interface ServerOptions {
  /** External IPv4 address, `203.0.113.5` unless told; `null`: none yet, so that mappings fail with NETWORK_FAILURE. */
  readonly externalAddress?: string | null;
  /** External IPv6 address for translated mappings; none unless told. */
  readonly externalAddress6?: string | null;
  /** Shortest lifetime granted, in seconds; 0, no bound, unless told. */
  readonly minLifetime?: number;
  /** Longest lifetime granted, in seconds; 86,400 unless told. */
  readonly maxLifetime?: number;
  /** Lifetime of short errors in seconds, 30 unless told (RFC 6887 section 7.4). */
  readonly shortErrorLifetime?: number;
  /** Lifetime of long errors in seconds, 1,800 unless told (RFC 6887 section 7.4). */
  readonly longErrorLifetime?: number;
  /** Epoch time at the first moment the server is told of, in seconds; 0 unless told. */
  readonly epoch?: number;
  /**
   * External port where the client's suggestion does not decide: the internal port (`same`), the next one from 40000
   * (`next`, unless told), from a number on, or what a function says. Taken ports are stepped over.
   */
  readonly assignPort?: "same" | "next" | number | PortAssigner;
  /** Whether suggested ports are disregarded when a mapping is made. */
  readonly ignoreSuggestions?: boolean;
  /** Whether an IPv6 mapping is a hole in a firewall, external equal to internal; true unless told. */
  readonly firewall6?: boolean;
  /** Whether an IPv6 client may have an external IPv4 address. */
  readonly nat64?: boolean;
  /** Transport protocols that can be translated; TCP and UDP unless told. A firewall takes all. */
  readonly protocols?: readonly number[];
  /** Whether all ports, or all protocols, can be translated. A firewall always can. */
  readonly wildcards?: boolean;
  /** Opcodes supported; ANNOUNCE, MAP and PEER unless told. */
  readonly opcodes?: readonly number[];
  /** Codes of options that the server knows nothing of. */
  readonly unsupportedOptions?: readonly number[];
  /** Whether THIRD_PARTY is allowed. */
  readonly thirdParty?: boolean;
  /** Identifiers, in hexadecimal digits, that THIRD_PARTY_ID may hold (RFC 7843); the option is unknown unless told. */
  readonly thirdPartyIds?: readonly string[];
  /** Most FILTERs of one mapping; 8 unless told. */
  readonly maxFilters?: number;
  /** Most octets of a DESCRIPTION kept; 1,016 unless told. 0: the option is unknown. */
  readonly maxDescription?: number;
  /** Most ports of a PORT_SET; 64 unless told. 0: the option is unknown. */
  readonly maxPortSet?: number;
  /** Whether CHECKPOINT_REQUIRED is honoured (RFC 7767). */
  readonly checkpoint?: boolean;
  /** NAT64 prefixes told in every ANNOUNCE, and in MAP answers where asked for. */
  readonly prefix64?: readonly Prefix64Option[];
  /** Whether MAP answers tell the NAT64 prefixes unasked. */
  readonly prefix64Unasked?: boolean;
  /** Most mappings of all clients together; no bound unless told. One more is NO_RESOURCES. */
  readonly capacity?: number;
  /** Most mappings of one internal address; no bound unless told. One more is USER_EX_QUOTA. */
  readonly quota?: number;
  /** The one version spoken, 2 unless told; others get UNSUPP_VERSION. */
  readonly supportedVersion?: number;
  /** Octets of an UNSUPP_VERSION answer, 4 to 24; as long as the request, at least 24, unless told. */
  readonly versionErrorLength?: number;
  /** Whether NAT-PMP is spoken beside PCP. */
  readonly natPmp?: boolean;
  /** Whether NAT-PMP is all the server speaks. */
  readonly natPmpOnly?: boolean;
  /** Opcode octet of NAT-PMP's version error: `zero` as RFC 6886 draws it, or `response` (128 and up) as many send it. */
  readonly natPmpErrorOpcode?: "zero" | "response";
  /** Departures from the RFCs. */
  readonly quirks?: Quirks;
  /** How many datagrams the log keeps; 1,000 unless told. */
  readonly logLimit?: number;
}

/**
 * Options that make a server behave as miniupnpd, the most common one, does: lifetimes clamped to 2 minutes and a day,
 * long errors with lifetime 0, every option echoed, deletions of nothing refused, no PEER.
 */
export function miniupnpd(options: ServerOptions = {}): ServerOptions {
  return {
    minLifetime: 120,
    maxLifetime: 86_400,
    assignPort: "same",
    opcodes: [Opcode.Announce, Opcode.Map],
    maxDescription: 0,
    maxPortSet: 0,
    natPmp: true,
    ...options,
    quirks: {
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

/** {@linkcode ServerOptions} with every gap filled. */
export interface Settings extends
  Required<
    Omit<
      ServerOptions,
      "externalAddress" | "externalAddress6" | "assignPort" | "versionErrorLength" | "thirdPartyIds"
    >
  > {
  readonly assignPort: PortAssigner;
  readonly thirdPartyIds: readonly string[] | undefined;
  readonly versionErrorLength: number | undefined;
}

/** Fills the gaps and refuses what makes no sense. */
export function resolveOptions(options: ServerOptions): Settings {
  const settings: Settings = {
    minLifetime: 0,
    maxLifetime: 86_400,
    shortErrorLifetime: 30,
    longErrorLifetime: 1_800,
    epoch: 0,
    ignoreSuggestions: false,
    firewall6: true,
    nat64: false,
    protocols: [ProtocolNumber.Tcp, ProtocolNumber.Udp],
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
    natPmp: false,
    natPmpOnly: false,
    natPmpErrorOpcode: "zero",
    quirks: {},
    logLimit: 1_000,
    ...options,
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

/** Reads an option that holds an address or `null`. */
export function parseExternal(
  text: string | null | undefined,
  unlessTold: string | null,
): IpAddress | undefined {
  const given = text === undefined ? unlessTold : text;
  return given === null ? undefined : IpAddress.parse(given);
}

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
