import type { Assignment } from "../engine/events.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import { IpAddress } from "../wire/address.ts";
import type { Option } from "../wire/option.ts";
import { isGloballyReachable } from "./address_kind.ts";

/** What the server assigned. Plain JSON. */
export interface Assigned {
  /** The address under which the mapping is reached from outside. */
  readonly externalAddress: string;
  /** The port under which it is reached; 0 for a mapping of all ports. */
  readonly externalPort: number;
  /** The granted lifetime in seconds, at most 24 hours. */
  readonly lifetime: number;
  /**
   * Says `false` if the address is not one of the Internet, so that the mapping is reached at most from the next network:
   * double NAT, a provider that shares addresses, or no line. Absent otherwise; addresses for documentation pass for such
   * of the Internet.
   */
  readonly globallyReachable?: false;
  /** The ports that were granted, if a set was asked for; of size 1 if the server mapped one port only. */
  readonly portSet?: PortSet;
  /** The description that the server keeps, if one was given and kept; it may have shortened it. */
  readonly description?: string;
  /** Names of options that were asked for and that the server did not process. */
  readonly ignoredOptions?: readonly string[];
}

/** A run of consecutive ports (RFC 7753). */
export interface PortSet {
  /** How many. */
  readonly size: number;
  /** The first on this host. */
  readonly firstInternalPort: number;
  /** The first outside. */
  readonly firstExternalPort: number;
}

/**
 * What is told of an assignment: numbers and texts, and what became of the options.
 *
 * @param spec What was asked for, if there were options.
 */
export function assignedOf(
  { externalAddress, externalPort, lifetime, options }: Assignment,
  spec?: MappingSpec,
): Assigned {
  if (externalAddress !== told.address) {
    const text = externalAddress.toString();
    told = { address: externalAddress, text, isReachable: isGloballyReachable(externalAddress) };
  }
  const plain = told.isReachable
    ? { externalAddress: told.text, externalPort, lifetime }
    : { externalAddress: told.text, externalPort, lifetime, globallyReachable: false as const };
  if (spec === undefined || spec.options.length === 0) return plain;
  return { ...plain, ...ofOptions(externalPort, options, spec) };
}

/** Most mappings have the same external address: what is known of the last one. */
let told = { address: IpAddress.ANY_IPV4, text: "0.0.0.0", isReachable: false };

function ofOptions(
  externalPort: number,
  options: readonly Option[],
  spec: MappingSpec,
): Pick<Assigned, "portSet" | "description" | "ignoredOptions"> {
  const ignored = [...new Set(spec.options.map(({ type }) => type))].filter((type) =>
    !options.some((option) => option.type === type)
  );
  const description = find(options, "description")?.text;
  return {
    ...portSet(spec, options, externalPort),
    ...(description === undefined || find(spec.options, "description") === undefined
      ? {}
      : { description }),
    ...(ignored.length === 0 ? {} : { ignoredOptions: ignored }),
  };
}

/** Without the option in the answer exactly one port was mapped (RFC 7753 section 4.3). */
function portSet(
  spec: MappingSpec,
  options: readonly Option[],
  externalPort: number,
): { portSet?: PortSet } {
  if (find(spec.options, "portSet") === undefined) return {};
  const granted = find(options, "portSet") ?? { size: 1, firstInternalPort: spec.internalPort };
  const { size, firstInternalPort } = granted;
  return { portSet: { size, firstInternalPort, firstExternalPort: externalPort } };
}

function find<T extends Option["type"]>(
  options: readonly Option[],
  type: T,
): (Option & { type: T }) | undefined {
  return options.find((option): option is Option & { type: T } => option.type === type);
}
