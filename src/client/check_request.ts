import { checkSpec } from "../engine/check_spec.ts";
import { type MappingSpec, thirdPartyOf } from "../engine/mapping_spec.ts";
import type { IpAddress } from "../wire/address.ts";

/**
 * Refuses a request that RFC 6887 forbids, or this client's options do.
 *
 * @throws {TypeError | RangeError} As {@linkcode checkSpec}, and if it is for another host and that is not allowed.
 */
export function checkRequest(
  spec: MappingSpec,
  clientAddress: IpAddress,
  allowThirdParty: boolean,
): void {
  if (!allowThirdParty && thirdPartyOf(spec.options) !== undefined) {
    throw new TypeError(
      'Cannot request a mapping for a third party: start the client with "allowThirdParty: true" if every host of this network is trusted (RFC 6887 section 13.1)',
    );
  }
  checkSpec(spec, clientAddress);
}

/** @throws {TypeError} If the value is none of the two kinds of mappings. */
export function checkMap(map: { readonly toSpec?: unknown } | undefined): void {
  if (typeof map?.toSpec === "function") return;
  throw new TypeError("Cannot request a mapping: expected an InboundMap or OutboundMap");
}
