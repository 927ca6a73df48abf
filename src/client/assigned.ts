import type { Assignment } from "../engine/events.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import type { Protocol } from "../engine/protocol.ts";
import { IpAddress } from "../wire/address.ts";
import type { Option, PortSetOption } from "../wire/option.ts";
import { type ReachProblem, reachProblem } from "./address_kind.ts";
import { descriptionOf } from "./description.ts";

/** What the server assigned to a mapping. Plain JSON. */
export interface Assigned {
  /** The address at which the mapping is reached from outside. */
  readonly externalAddress: string;
  /** The port at which it is reached, 1 to 65535; 0 for a mapping of all ports. */
  readonly externalPort: number;
  /** The granted lifetime in seconds, at most 86,400: 24 hours (RFC 6887 section 8.3). */
  readonly lifetime: number;
  /** The protocol in which the gateway assigned it. */
  readonly protocol: Protocol;
  /**
   * `true` if the gateway never ends the mapping by itself, because it knows no lifetimes over UPnP: the client deletes it at
   * the end. Absent otherwise.
   */
  readonly permanent?: true;
  /**
   * `false` if the external address is not a global one: the mapping is reached from the next network at most. The reason is
   * double NAT, a provider's shared addresses, or a line that is down. Absent otherwise; an address for documentation counts
   * as global.
   */
  readonly globallyReachable?: false;
  /** Why {@linkcode globallyReachable} is `false`: the code of the finding that `diagnose()` has. Absent otherwise. */
  readonly reachProblem?: ReachProblem;
  /**
   * The granted ports, if a port set was requested; of size 1 if the server mapped one port only, or only sent the option back
   * as some do with every option. A server that has granted another set than the requested one, or has answered `prefix64()`
   * without sending that request back, is known to process options.
   */
  readonly portSet?: PortSet;
  /** The description as the server keeps it, possibly shortened; absent if none was given or kept. */
  readonly description?: string;
  /** Names of requested options that the server did not process. */
  readonly ignoredOptions?: readonly string[];
  /**
   * Whether the server is known to process the filters that were requested. `false`: it says that it does, as some servers do
   * without filtering anything, so the program must check the addresses of its peers. Absent if none were requested.
   */
  readonly filterConfirmed?: boolean;
}

/** A run of consecutive ports (RFC 7753). */
export interface PortSet {
  /** The number of ports, 1 to 65535. */
  readonly size: number;
  /** The first port on this host. */
  readonly firstInternalPort: number;
  /** The first external port. */
  readonly firstExternalPort: number;
}

/**
 * The assignment as plain JSON, and what became of the requested options.
 *
 * @param spec The request that the assignment answers.
 * @param echoesOptions Whether the server sends back options that it did not process; undefined if that is unknown.
 */
export function assignedOf(
  { externalAddress, externalPort, lifetime, protocol, permanent, upnp, ...rest }: Assignment,
  spec: MappingSpec,
  echoesOptions?: boolean,
): Assigned {
  const { text, problem } = described(externalAddress);
  const assigned = { externalAddress: text, externalPort, lifetime, protocol };
  if (problem === undefined && !permanent && spec.options.length === 0) return assigned;
  // UPnP has no options: the description is a part of every request there, but of those for pinholes.
  const options: readonly Option[] = upnp === undefined || upnp.uniqueId !== undefined
    ? rest.options
    : [...rest.options, { type: "description", text: upnp.description }];
  return {
    ...assigned,
    ...(permanent === undefined ? {} : { permanent }),
    ...(problem === undefined ? {} : { globallyReachable: false as const, reachProblem: problem }),
    ...(spec.options.length === 0 ? {} : ofOptions(externalPort, options, spec, echoesOptions)),
  };
}

function described(address: IpAddress): typeof lastAddress {
  if (!address.equals(lastAddress.address)) {
    lastAddress = { address, text: address.toString(), problem: reachProblem(address) };
  }
  return lastAddress;
}

/** The last address described: nearly all mappings have the same one. */
let lastAddress: { address: IpAddress; text: string; problem: ReachProblem | undefined } = {
  address: IpAddress.ANY_IPV4,
  text: "0.0.0.0",
  problem: "oddAddress",
};

function ofOptions(
  externalPort: number,
  options: readonly Option[],
  spec: MappingSpec,
  echoesOptions: boolean | undefined,
): Pick<Assigned, "portSet" | "description" | "ignoredOptions" | "filterConfirmed"> {
  const requested = new Set(spec.options.map(({ type }) => type));
  const granted = options.find((option) => option.type === "portSet");
  const isEcho = granted !== undefined && echoesOptions !== false && isRequested(granted, spec);
  const answered = new Set(options.map(({ type }) => type));
  if (isEcho) answered.delete("portSet");
  const ignored = [...requested].filter((type) => !answered.has(type));
  const description = descriptionOf(options, spec);
  // A response without PORT_SET means that exactly one port was mapped (RFC 7753 section 4.3).
  const { size, firstInternalPort } = granted === undefined || isEcho
    ? { size: 1, firstInternalPort: spec.internalPort }
    : granted;
  const portSet: PortSet = { size, firstInternalPort, firstExternalPort: externalPort };
  const filterConfirmed = answered.has("filter") && echoesOptions === false;
  return {
    ...(requested.has("portSet") ? { portSet } : {}),
    ...(description === undefined ? {} : { description }),
    ...(ignored.length === 0 ? {} : { ignoredOptions: ignored }),
    ...(requested.has("filter") ? { filterConfirmed } : {}),
  };
}

/** Whether the response has another port set than the request: then the server has processed the option. */
export function hasOtherSet(options: readonly Option[], spec: MappingSpec): boolean {
  return options.some((option) => option.type === "portSet" && !isRequested(option, spec));
}

/** Whether the set is the requested one, octet for octet. */
function isRequested(
  { size, firstInternalPort, parity }: PortSetOption,
  spec: MappingSpec,
): boolean {
  return spec.options.some((option) =>
    option.type === "portSet" && option.size === size &&
    option.firstInternalPort === firstInternalPort && option.parity === parity
  );
}
