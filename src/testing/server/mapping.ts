import type { Endpoint, Family, IpAddress } from "../../wire/address.ts";
import type { Nonce } from "../../wire/nonce.ts";
import type { FilterOption } from "../../wire/option_type.ts";

/** What created a mapping: MAP, PEER, NAT-PMP, outgoing traffic (`flow`) or the administrator (`static`). */
export type MappingKind = "map" | "peer" | "natpmp" | "flow" | "static";

/** A mapping of a {@linkcode SimulatedServer}. */
export interface ServerMapping {
  /** Kind, protocol, internal and external side as text; see {@linkcode SimulatedServer.mappings}. */
  readonly key: string;
  /** What created it. */
  readonly kind: MappingKind;
  /** Mapping nonce; undefined in mappings that PCP did not create. */
  readonly nonce: Nonce | undefined;
  /** IANA protocol number; 0 is every protocol. */
  readonly protocol: number;
  /** Internal address. */
  readonly internalAddress: IpAddress;
  /** Internal port; 0 is every port. */
  readonly internalPort: number;
  /** Assigned external address. */
  readonly externalAddress: IpAddress;
  /** Assigned external port. */
  readonly externalPort: number;
  /** Remote peer of PEER mappings and flows. */
  readonly remote: Endpoint | undefined;
  /** Number of ports mapped, from `internalPort` on; 1 without PORT_SET. */
  readonly ports: number;
  /** Remote peers whose packets pass; every peer's if there are none. */
  readonly filters: readonly FilterOption[];
  /** Text of the DESCRIPTION option. */
  readonly description: string | undefined;
  /** Whether the last request carried PREFER_FAILURE. */
  readonly preferFailure: boolean;
  /** Whether the last request carried CHECKPOINT_REQUIRED. */
  readonly checkpoint: boolean;
  /** Whether THIRD_PARTY requested it. */
  readonly thirdParty: boolean;
  /** Source of the last request; updates go there. */
  readonly client: Endpoint | undefined;
  /** Lifetime granted last, in seconds. */
  readonly lifetime: number;
  /** Time of expiry in milliseconds of the server's clock; infinite for static mappings. */
  readonly expires: number;
}

/** A {@linkcode ServerMapping} as the server changes it. */
export type MutableMapping = { -readonly [Field in keyof ServerMapping]: ServerMapping[Field] };

/** An internal port, and the family of the external address it is mapped to. */
export interface InternalPort {
  readonly protocol: number;
  readonly internalAddress: IpAddress;
  readonly internalPort: number;
  readonly family: Family;
}

/** What a new mapping has besides its kind and internal port. */
type NewFields =
  & Pick<ServerMapping, "externalAddress" | "externalPort">
  & Partial<Omit<ServerMapping, "key" | "kind" | Exclude<keyof InternalPort, "family">>>;

/** A mapping that expires now; fields not given are those of a mapping without options. */
export function newMapping(
  now: number,
  kind: MappingKind,
  internal: InternalPort,
  fields: NewFields,
): MutableMapping {
  const { protocol, internalAddress, internalPort } = internal;
  return {
    key: mappingKey(kind, internal, fields.remote),
    kind,
    protocol,
    internalAddress,
    internalPort,
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

/** The key of a mapping: `map 6 192.168.1.10:8080 IPv4`, `peer 6 192.168.1.10:51000 IPv4 198.51.100.7:443`. */
export function mappingKey(
  kind: MappingKind,
  { protocol, internalAddress, internalPort, family }: InternalPort,
  remote?: Endpoint,
): string {
  // PEER takes over a flow and MAP finds a static mapping, so each pair shares a key.
  const opcode = kind === "flow" ? "peer" : kind === "static" ? "map" : kind;
  const internal = endpointText({ address: internalAddress, port: internalPort });
  const suffix = remote === undefined ? "" : ` ${endpointText(remote)}`;
  return `${opcode} ${protocol} ${internal} ${family}${suffix}`;
}

/** Remaining lifetime in whole seconds, rounded up. */
export function remainingLife(mapping: ServerMapping, now: number): number {
  // Sums of fractions are inexact; without rounding to milliseconds an error of that size adds a second.
  const left = Math.round(mapping.expires - now);
  return Math.min(0xffff_ffff, Math.max(0, Math.ceil(left / 1_000)));
}

function endpointText(endpoint: Endpoint): string {
  const address = endpoint.address.withScope(undefined);
  return address.family === "IPv6"
    ? `[${address}]:${endpoint.port}`
    : `${address}:${endpoint.port}`;
}
