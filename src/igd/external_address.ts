import type { Milliseconds } from "../milliseconds.ts";
import type { IpAddress } from "../wire/address.ts";
import { readExternalAddress } from "../wire/igd/action.ts";
import type { External, Service } from "./device.ts";
import { call, type Outcome, type Task } from "./task.ts";

/** Addresses of the inside, which cannot be external ones as well. */
export interface InnerAddresses {
  readonly client: IpAddress;
  readonly gateway: IpAddress;
}

/** Asks for the external address. Undefined if the gateway does not answer at all. */
export function* askExternal(
  service: Service,
  inner: InnerAddresses,
  now: () => Milliseconds,
): Task<External | Outcome & { type: "gone" }> {
  const outcome = yield* call(service, { action: "GetExternalIPAddress" });
  if (outcome.type === "gone") return outcome;
  return readExternal(outcome, inner, now());
}

/** Whether a gateway is reached from the Internet under the address. */
export function isPublic(address: IpAddress | undefined): boolean {
  return address !== undefined && !address.isPrivate && !isShared(address);
}

function readExternal(outcome: Outcome, inner: InnerAddresses, at: Milliseconds): External {
  const unknown: External = { address: undefined, isNonsense: false, at };
  if (outcome.type !== "success") return unknown;
  const text = outcome.values.get("newexternalipaddress") ?? "";
  const address = readExternalAddress(outcome.values);
  if (text === "" || address?.isUnspecified === true) return unknown;
  const isNonsense = address === undefined || isImpossible(address) ||
    address.equals(inner.client) || address.equals(inner.gateway);
  return isNonsense ? { ...unknown, isNonsense } : { ...unknown, address };
}

/** Loopback, link-local, multicast and reserved addresses (RFC 6890). */
function isImpossible(address: IpAddress): boolean {
  const first = firstOctet(address);
  return address.isLoopback || address.isLinkLocal || first === 0 || first >= 224;
}

/** The addresses between a provider and its customers (RFC 6598). */
function isShared(address: IpAddress): boolean {
  const [first, second] = `${address}`.split(".").map(Number);
  return first === 100 && second !== undefined && second >= 64 && second < 128;
}

function firstOctet(address: IpAddress): number {
  return Number(`${address}`.split(".")[0]);
}
