import type { IpAddress } from "../wire/address.ts";
import type { Option } from "../wire/option.ts";
import { optionRules } from "./option_rules.ts";

/** A mapping as the caller wants it. `checkSpec()` refuses what must not be sent. */
export interface MappingSpec {
  /** MAP for inbound traffic, PEER for a flow to one remote peer. */
  readonly opcode: "map" | "peer";
  /** IANA protocol number; 0 with internal port 0 means all protocols (RFC 6887 section 11.1). */
  readonly protocol: number;
  /** Internal port; 0 means all ports of the protocol. */
  readonly internalPort: number;
  /** Wanted lifetime in seconds, from 1. */
  readonly lifetime: number;
  /** Suggested external port, 0 for no preference. */
  readonly externalPort: number;
  /** Suggested external address; the all-zeros address of a family asks for that family (section 11.1). */
  readonly externalAddress: IpAddress;
  /** The remote peer of a PEER request. */
  readonly remotePort?: number;
  /** The remote peer of a PEER request, as this host sees it (section 12.1). */
  readonly remoteAddress?: IpAddress;
  /** Options in the order in which they are sent. */
  readonly options: readonly Option[];
  /** It is requested in PCP or not at all. */
  readonly pcpOnly?: true;
}

/** The identity of a mapping at the server, as text: two requests with one key are about one mapping. */
export type MappingKey = string;

/** What distinguishes the mappings of one client (RFC 6887 sections 11.4, 12.4). */
export function mappingKey(spec: MappingSpec): MappingKey {
  const { opcode, protocol, internalPort, externalAddress, options } = spec;
  const thirdParty = thirdPartyOf(options);
  let key = `${opcode} ${protocol} ${internalPort} ${externalAddress.family}`;
  if (thirdParty !== undefined) key += ` for ${thirdParty}`;
  if (opcode === "peer") key += ` to ${spec.remoteAddress} ${spec.remotePort}`;
  return key;
}

/**
 * What makes two requests the same, so that the refusal of one holds back the other. RFC 6887 section 8.3 leaves that
 * open; here it is the mapping with its options, and of the suggestion only what the server must not change.
 */
export function requestKey(spec: MappingSpec): MappingKey {
  if (spec.opcode === "map" && spec.options.length === 0) return mappingKey(spec);
  const key = `${mappingKey(spec)} ${JSON.stringify(spec.options)}`;
  return isSuggestionBinding(spec) ? `${key} ${spec.externalAddress} ${spec.externalPort}` : key;
}

/** Whether the server assigns what is suggested or nothing (RFC 6887 sections 12.1, 13.2). */
export function isSuggestionBinding({ opcode, options }: MappingSpec): boolean {
  return opcode === "peer" || options.some(({ type }) => type === "preferFailure");
}

/** The options that a deletion carries (RFC 6887 sections 11.3, 13.3). */
export function deletionOptions(options: readonly Option[]): readonly Option[] {
  return options.filter((option) => optionRules(option).inDeletion);
}

/** The host that the mapping is for, if that is not the client itself (RFC 6887 section 13.1). */
export function thirdPartyOf(options: readonly Option[]): IpAddress | undefined {
  if (options.length === 0) return undefined; // nearly always
  return options.find((option) => option.type === "thirdParty")?.address;
}
