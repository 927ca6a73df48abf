import { IpAddress } from "../../../wire/address.ts";
import { ProtocolNumber } from "../../../wire/protocol_number.ts";
import {
  countIgdViolation,
  type IgdActionRequest,
  type IgdActionResult,
  numberIn,
  refuseAction,
  succeed,
} from "./action.ts";

/** GetFirewallStatus (WANIPv6FirewallControl:1 section 2.5). */
export function getFirewallStatus({ context }: IgdActionRequest): IgdActionResult {
  const { firewall } = context.settings.quirks;
  return succeed(
    ["FirewallEnabled", firewall === "off" ? 0 : 1],
    ["InboundPinholeAllowed", firewall === "noPinholes" ? 0 : 1],
  );
}

/** AddPinhole: makes a pinhole, or extends the one with the same five values. */
export function addPinhole(request: IgdActionRequest): IgdActionResult {
  const { context, client, now, values } = request;
  const internalClient = IpAddress.tryParse(values.get("InternalClient") ?? "");
  const remotePort = numberIn(values.get("RemotePort"), 0, 65_535);
  const internalPort = numberIn(values.get("InternalPort"), 0, 65_535);
  const protocol = numberIn(values.get("Protocol"), 0, 65_535);
  const lease = numberIn(values.get("LeaseTime"), 1, LONGEST_LEASE);
  if (lease === undefined) countIgdViolation(context, "lease");
  if (internalPort === 0) {
    countIgdViolation(context, "portZero");
    return refuseAction(706);
  }
  if (
    internalClient?.family !== "IPv6" || remotePort === undefined || internalPort === undefined ||
    protocol === undefined || lease === undefined
  ) {
    return refuseAction(402);
  }
  if (protocol === ANY_PROTOCOL) return refuseAction(707);
  if (protocol !== ProtocolNumber.Tcp && protocol !== ProtocolNumber.Udp) return refuseAction(705);
  if (!internalClient.equals(client)) {
    countIgdViolation(context, "internalClient");
    return refuseAction(606);
  }
  const { firewall, refusesPorts } = context.settings.quirks;
  if (firewall !== undefined) return refuseAction(firewall === "off" ? 702 : 703);
  if (refusesPorts !== undefined && internalPort < refusesPorts.below) {
    return refusesPorts.with === "close" ? { type: "close" } : refuseAction(refusesPorts.with);
  }
  const remoteHost = values.get("RemoteHost") ?? "";
  const expires = now + lease * 1_000;
  const pinhole = { remoteHost, remotePort, internalClient, internalPort, protocol, expires };
  return succeed(["UniqueID", context.pinholes.add(pinhole)]);
}

/** DeletePinhole. */
export function deletePinhole(request: IgdActionRequest): IgdActionResult {
  const { context, client } = request;
  const pinhole = context.pinholes.byId.get(idOf(request));
  if (pinhole === undefined) return refuseAction(context.settings.quirks.unknownPinhole ?? 704);
  if (!pinhole.internalClient.equals(client)) {
    countIgdViolation(context, "foreignDelete");
    return refuseAction(606);
  }
  context.pinholes.byId.delete(pinhole.uniqueId);
  return succeed();
}

/** CheckPinholeWorking: no packet passes a simulated gateway. */
export function checkPinholeWorking(request: IgdActionRequest): IgdActionResult {
  return refuseAction(request.context.pinholes.byId.has(idOf(request)) ? 709 : 704);
}

function idOf({ values }: IgdActionRequest): number {
  return numberIn(values.get("UniqueID"), 0, 65_535) ?? -1;
}

/** The longest lease of WANIPv6FirewallControl:1, a day in seconds. */
const LONGEST_LEASE = 86_400;

/** Protocol 65535 stands for all protocols in WANIPv6FirewallControl:1. */
const ANY_PROTOCOL = 65_535;
