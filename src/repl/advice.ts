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

/** What a command asked for, as far as advice depends on it. */
export interface Asked {
  /** Internal ports of the mappings. */
  readonly ports: readonly number[];
  /** Flags of options that a router may refuse. */
  readonly flags: readonly string[];
  /** Whether only PCP can express it: `announce` and `prefix64`. */
  readonly isPcpOnly: boolean;
  /** Whether another run of the same command could not know the nonce of its mapping (RFC 6887 section 11.3). */
  readonly forgetsNonce: boolean;
}

/** What to do about an error, in one sentence without a period; undefined where the message suffices. */
export function adviceFor(error: unknown, asked: Asked = NOTHING_ASKED): string | undefined {
  if (error instanceof ResultCodeError) {
    if (error.reason !== undefined) return undefined; // its message says what to do
    return adviceForCode(error.code, asked);
  }
  if (error instanceof DiscoveryError) {
    return "Give both addresses with --client and --server, or use --simulate to go without a router";
  }
  if (error instanceof SocketError && error.operation === "open") {
    return isDenied(error)
      ? "Run it again with --allow-net, or with -A for all permissions"
      : 'Leave --client out, or see "discover" for the addresses of this host';
  }
  if (error instanceof GatewayError) return OTHER_GATEWAY;
  if (error instanceof NotRunningError) return 'See "list" for the mappings that are there';
  if (error instanceof ClosedError) return 'Type "connect" to start again';
  return undefined;
}

function adviceForCode(
  code: number,
  { ports, flags, isPcpOnly, forgetsNonce }: Asked,
): string | undefined {
  const sent = flags.map((flag) => `--${flag}`).join(", ");
  switch (code) {
    case ResultCode.NotAuthorized: {
      const isLow = ports.some((port) => port > 0 && port < FIRST_COMMON_PORT);
      return [
        ...(isLow
          ? [
            `Many routers open no ports below ${FIRST_COMMON_PORT}: map a higher one, or allow it in the router's settings`,
          ]
          : []),
        "Allow port mapping (UPnP, NAT-PMP, PCP) for this device in the router's settings",
        "If another program holds this port, end it or map another port",
        ...(forgetsNonce
          ? [
            "If an earlier run of this command opened it, it ends with its lifetime: --state FILE continues it in later runs, -k deletes it at the end",
          ]
          : []),
      ].join(". ");
    }
    case ResultCode.UnsuppVersion:
      return isPcpOnly
        ? 'This is a question of PCP; "map", "external" and "diagnose" work with NAT-PMP and UPnP too'
        : ADVICE.get(code);
    case ResultCode.UnsuppOption:
    case ResultCode.MalformedOption:
      return sent === "" ? ADVICE.get(code) : `Leave out ${sent}`;
    default:
      return ADVICE.get(code);
  }
}

/** Whether a permission of Deno is missing. */
function isDenied(error: unknown): boolean {
  return error instanceof Error && (error.name === "NotCapable" || isDenied(error.cause));
}

/** miniupnpd and others are shipped with rules that begin with this port. */
const FIRST_COMMON_PORT = 1_024;

/** Of a command that requests no mapping. */
const NOTHING_ASKED: Asked = {
  ports: [],
  flags: [],
  isPcpOnly: false,
  forgetsNonce: false,
};

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
