import {
  ClosedError,
  DiscoveryError,
  GatewayError,
  LocalCode,
  NotRunningError,
  ResultCode,
  ResultCodeError,
  SocketError,
} from "../../mod.ts";

/** What to do about an error, in one sentence without a period; undefined where the message suffices. */
export function adviceFor(error: unknown): string | undefined {
  if (error instanceof ResultCodeError) {
    return error.reason === undefined ? ADVICE.get(error.code) : undefined; // its message says what to do
  }
  if (error instanceof DiscoveryError) {
    return "Give both addresses with --client and --server, or use --simulate to go without a router";
  }
  if (error instanceof SocketError && error.operation === "open") {
    return 'Leave --client out, or see "discover" for the addresses of this host';
  }
  if (error instanceof GatewayError) return OTHER_GATEWAY;
  if (error instanceof NotRunningError) return 'See "list" for the mappings that are there';
  if (error instanceof ClosedError) return 'Type "connect" to start again';
  return undefined;
}

/** How to ask another gateway than one that does not answer. */
export const OTHER_GATEWAY =
  '"discover" shows the gateways, --server chooses one, --simulate needs no router';

const LATER = "Try again in a minute";

const ADVICE: ReadonlyMap<number, string> = new Map([
  [
    ResultCode.UnsuppVersion,
    "This router is too old or too new; an update of its firmware may help",
  ],
  [
    ResultCode.NotAuthorized,
    "Allow port mapping (PCP, NAT-PMP) for this device in the router's settings; if another program holds this port, end it or map another port",
  ],
  [
    ResultCode.UnsuppOpcode,
    "This router cannot do that: try map instead of peer",
  ],
  [
    ResultCode.UnsuppOption,
    "Leave out --prefer-failure, --filter and --third-party",
  ],
  [ResultCode.NetworkFailure, `See whether the router is online. ${LATER}`],
  [ResultCode.NoResources, LATER],
  [ResultCode.UnsuppProtocol, "Map tcp or udp, and one port at a time"],
  [ResultCode.UserExQuota, 'Delete mappings that are not needed any more ("list", "revoke ID")'],
  [
    ResultCode.CannotProvideExternal,
    "Type it without --prefer-failure to get another external port, or suggest another --external-port",
  ],
  [
    ResultCode.AddressMismatch,
    'There is a second NAT on the way: ask the nearest router ("discover"), switch a VPN off, put one of the two routers in bridge mode, or give a container or WSL the network of its host',
  ],
  [ResultCode.ExcessiveRemotePeers, "Give fewer --filter, or wider ones"],
  [
    LocalCode.UnusableAssignment,
    "The router seems to have no usable external address yet; see whether it is online",
  ],
  [
    LocalCode.NoResponse,
    'Is PCP switched on in the router\'s settings? "discover" shows the gateways, --server chooses one',
  ],
]);
