import { type Option, optionCode } from "../wire/option.ts";
import type { Obstacle } from "./obstacle.ts";

/** What the engine needs to know of a kind of option; a rule that is left out does not hold. */
export interface OptionRules {
  /** Goes with MAP only. */
  readonly mapOnly?: true;
  /** May stand more than once in a request. */
  readonly repeatable?: true;
  /** Says which mapping is meant, so a deletion carries it as well. */
  readonly inDeletion?: true;
  /** Its effect depends on data in the response (RFC 6887 section 7.3). */
  readonly hasResponseData?: true;
  /** What a protocol other than PCP cannot do; without one the option may be left out. */
  readonly obstacle?: Obstacle;
}

/** The rules of the option. */
export function optionRules({ type }: Option): OptionRules {
  return RULES[type] ?? {};
}

/**
 * Whether a mapping can do without the option. The server may ignore those with codes from 128 on, such as DESCRIPTION and
 * PORT_SET; it must obey the others, or refuse (RFC 6887 section 7.3).
 */
export function isOptional(option: Option): boolean {
  return optionCode(option) >= 128;
}

const RULES: Readonly<Partial<Record<Option["type"], OptionRules>>> = {
  // RFC 6887 section 13.1
  thirdParty: { inDeletion: true, hasResponseData: true, obstacle: "thirdParty" },
  // RFC 6887 section 13.2
  preferFailure: { mapOnly: true, obstacle: "preferFailure" },
  // RFC 6887 section 13.3; filters end with the mapping
  filter: { mapOnly: true, repeatable: true, obstacle: "filter" },
  // RFC 7220 section 3.1; a mapping without its description still serves
  description: { hasResponseData: true },
  // RFC 7225 section 4.2
  prefix64: { hasResponseData: true },
  // RFC 7753 section 4
  portSet: { mapOnly: true, inDeletion: true, hasResponseData: true },
  // RFC 7843 section 3
  thirdPartyId: { inDeletion: true, obstacle: "thirdParty" },
  unknown: { repeatable: true },
};
