import type { Endpoint, Family, IpAddress } from "../../wire/address.ts";
import type { Nonce } from "../../wire/nonce.ts";
import type { FilterOption } from "../../wire/option_type.ts";

/** How a mapping came to be: by MAP, PEER or NAT-PMP, by traffic (`flow`), or by the administrator (`static`). */
export type MappingKind = "map" | "peer" | "natpmp" | "flow" | "static";

/** One entry of the table of a {@linkcode SimulatedServer}. */
export interface ServerMapping {
  /** Names the entry: kind, protocol, internal and external side; see {@linkcode SimulatedServer.mappings}. */
  readonly key: string;
  /** How it came to be. */
  readonly kind: MappingKind;
  /** Absent in entries that PCP did not make. */
  readonly nonce: Nonce | undefined;
  /** IANA protocol number; 0 is every protocol. */
  readonly protocol: number;
  /** Address on the inside. */
  readonly internalAddress: IpAddress;
  /** Port on the inside; 0 is every port. */
  readonly internalPort: number;
  /** Address on the outside. */
  readonly externalAddress: IpAddress;
  /** Port on the outside. */
  readonly externalPort: number;
  /** The other end, of PEER mappings and flows. */
  readonly remote: Endpoint | undefined;
  /** How many ports, from `internalPort` on, are mapped; 1 without PORT_SET. */
  readonly ports: number;
  /** Remote peers let in; everybody when there is none. */
  readonly filters: readonly FilterOption[];
  /** The text of DESCRIPTION, if there is one. */
  readonly description: string | undefined;
  /** Whether the last request carried PREFER_FAILURE. */
  readonly preferFailure: boolean;
  /** Whether the last request carried CHECKPOINT_REQUIRED. */
  readonly checkpoint: boolean;
  /** Whether the entry was asked for with THIRD_PARTY. */
  readonly thirdParty: boolean;
  /** Who asked last: where updates go. */
  readonly client: Endpoint | undefined;
  /** Lifetime granted last, in seconds. */
  readonly lifetime: number;
  /** When the entry goes, in milliseconds of the server's clock; infinite for static ones. */
  readonly expires: number;
}

/** A {@linkcode ServerMapping} as the server itself holds it. */
export type MutableMapping = { -readonly [Field in keyof ServerMapping]: ServerMapping[Field] };

/** What a mapping cannot be without. */
export type MappingCore = Pick<
  ServerMapping,
  | "key"
  | "kind"
  | "protocol"
  | "internalAddress"
  | "internalPort"
  | "externalAddress"
  | "externalPort"
>;

/** A mapping that lives for no time yet; everything else as in the plainest one unless given. */
export function newMapping(
  now: number,
  fields: MappingCore & Partial<ServerMapping>,
): MutableMapping {
  return {
    nonce: undefined,
    remote: undefined,
    ports: 1,
    filters: [],
    description: undefined,
    preferFailure: false,
    checkpoint: false,
    thirdParty: false,
    client: undefined,
    lifetime: 0,
    expires: now,
    ...fields,
  };
}

/** Names a mapping: `map 6 192.168.1.10:8080 IPv4`, `peer 6 192.168.1.10:51000 IPv4 198.51.100.7:443`. */
export function mappingKey(
  kind: MappingKind,
  protocol: number,
  internalAddress: IpAddress,
  internalPort: number,
  externalFamily: Family,
  remote?: Endpoint,
): string {
  // A flow becomes a PEER mapping, a static mapping answers MAP: each shares the name of what manages it.
  const managed = kind === "flow" ? "peer" : kind === "static" ? "map" : kind;
  const peer = remote === undefined ? "" : ` ${endpointText(remote)}`;
  return `${managed} ${protocol} ${
    endpointText({ address: internalAddress, port: internalPort })
  } ${externalFamily}${peer}`;
}

/** Whole seconds, rounded up, that a mapping still has. */
export function remainingLife(mapping: ServerMapping, now: number): number {
  // To the millisecond: a sum of fractions is a little off, and that must not make a second of it.
  const left = Math.round(mapping.expires - now);
  return Math.min(0xffff_ffff, Math.max(0, Math.ceil(left / 1_000)));
}

function endpointText(endpoint: Endpoint): string {
  const address = endpoint.address.withScope(undefined);
  return address.family === "IPv6"
    ? `[${address}]:${endpoint.port}`
    : `${address}:${endpoint.port}`;
}
