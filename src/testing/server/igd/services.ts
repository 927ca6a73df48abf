import {
  countIgdViolation,
  type IgdActionRequest,
  type IgdActionResult,
  refuseAction,
  succeed,
} from "./action.ts";
import {
  addPinhole,
  checkPinholeWorking,
  deletePinhole,
  getFirewallStatus,
} from "./pinhole_actions.ts";
import {
  addAnyPortMapping,
  addPortMapping,
  deletePortMapping,
  getGenericPortMappingEntry,
  getSpecificPortMappingEntry,
} from "./port_mapping_actions.ts";

/** An action of a service. */
interface Action {
  /** Names of the arguments in their order. */
  readonly names: readonly string[];
  /** The first version of the service that has it. Default 1. */
  readonly since?: number;
  /** Carries it out; absent for actions that no client of mappings needs, which are violations. */
  readonly run?: (request: IgdActionRequest) => IgdActionResult;
}

/** Carries out an action. Error 401 if the service does not have it, 402 if an argument is missing. */
export function runAction(request: IgdActionRequest): IgdActionResult {
  const { context, service, values } = request;
  const action = findAction(service.name, request.action);
  if (action === undefined || (action.since ?? 1) > service.version) {
    return refuseAction(401);
  }
  if (action.run === undefined) {
    countIgdViolation(context, "action");
    return refuseAction(606);
  }
  if (action.names.some((name) => !values.has(name))) return refuseAction(402);
  return action.run(request);
}

/** The arguments of an action in their order; undefined if no version of the service has it. */
export function argumentNames(service: string, action: string): readonly string[] | undefined {
  return findAction(service, action)?.names;
}

function findAction(service: string, action: string): Action | undefined {
  const actions = service === "WANIPv6FirewallControl" ? FIREWALL_ACTIONS : CONNECTION_ACTIONS;
  return actions.get(action);
}

function getExternalIpAddress({ context }: IgdActionRequest): IgdActionResult {
  return succeed(["NewExternalIPAddress", context.externalAddress()]);
}

function getStatusInfo({ context, now, service }: IgdActionRequest): IgdActionResult {
  const isUp = context.isConnected() && !service.isDown;
  return succeed(
    ["NewConnectionStatus", isUp ? "Connected" : "Disconnected"],
    ["NewLastConnectionError", "ERROR_NONE"],
    ["NewUptime", isUp ? Math.floor(now / 1_000) : 0],
  );
}

const KEY = ["NewRemoteHost", "NewExternalPort", "NewProtocol"];

const MAPPING = [
  ...KEY,
  "NewInternalPort",
  "NewInternalClient",
  "NewEnabled",
  "NewPortMappingDescription",
  "NewLeaseDuration",
];

const RANGE = ["NewStartPort", "NewEndPort", "NewProtocol", "NewManage"];

/** WANIPConnection:1 and :2, WANPPPConnection:1. */
const CONNECTION_ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["AddPortMapping", { names: MAPPING, run: addPortMapping }],
  ["AddAnyPortMapping", { names: MAPPING, run: addAnyPortMapping, since: 2 }],
  ["DeletePortMapping", { names: KEY, run: deletePortMapping }],
  ["GetSpecificPortMappingEntry", { names: KEY, run: getSpecificPortMappingEntry }],
  ["GetGenericPortMappingEntry", {
    names: ["NewPortMappingIndex"],
    run: getGenericPortMappingEntry,
  }],
  ["GetExternalIPAddress", { names: [], run: getExternalIpAddress }],
  ["GetStatusInfo", { names: [], run: getStatusInfo }],
  ["DeletePortMappingRange", { names: RANGE, since: 2 }],
  ["GetListOfPortMappings", { names: [...RANGE, "NewNumberOfPorts"], since: 2 }],
  ["RequestConnection", { names: [] }],
  ["ForceTermination", { names: [] }],
  ["SetConnectionType", { names: ["NewConnectionType"] }],
]);

/** WANIPv6FirewallControl:1. */
const FIREWALL_ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["GetFirewallStatus", { names: [], run: getFirewallStatus }],
  ["AddPinhole", {
    names: ["RemoteHost", "RemotePort", "InternalClient", "InternalPort", "Protocol", "LeaseTime"],
    run: addPinhole,
  }],
  ["DeletePinhole", { names: ["UniqueID"], run: deletePinhole }],
  ["CheckPinholeWorking", { names: ["UniqueID"], run: checkPinholeWorking }],
  ["UpdatePinhole", { names: ["UniqueID", "NewLeaseTime"] }],
  ["GetPinholePackets", { names: ["UniqueID"] }],
  ["GetOutboundPinholeTimeout", { names: [] }],
]);
