import { InboundMap, OutboundMap } from "../mod.ts";
import { applyMappingOptions, goesWith, MAPPING_OPTION_NAMES } from "../src/mapping_options.ts";
import type { Fault } from "./rpc_error.ts";
import type { MappingRequestParams } from "./types.ts";

/** The faults of params of `mapping/request` that do not go with its `kind`. */
export function kindFaults(params: Readonly<Record<string, unknown>>): Fault[] {
  const faults: Fault[] = [];
  const fault = (name: string, message: string) => faults.push({ path: [name], message });
  if (params["kind"] === "inbound") {
    for (const name of PEER) {
      if (params[name] !== undefined) fault(name, "Only an outbound mapping may have it");
    }
  } else if (params["kind"] === "outbound") {
    for (const name of PEER) {
      if (params[name] === undefined) fault(name, "An outbound mapping needs it");
    }
    for (const name of MAPPING_OPTION_NAMES) {
      if (params[name] !== undefined && !goesWith(name, "outbound")) {
        fault(name, "Only an inbound mapping may have it");
      }
    }
    if (params["internalPort"] === 0) {
      fault("internalPort", "An outbound mapping is of one port, from 1 to 65535");
    }
  }
  return faults;
}

const PEER = ["remoteAddress", "remotePort"] as const;

/** The builder of a mapping with these params. */
export function toMap(params: MappingRequestParams): InboundMap | OutboundMap {
  const { internalPort, lifetime, remoteAddress = "", remotePort = 0 } = params;
  const map = params.kind === "inbound"
    ? new InboundMap(internalPort, lifetime)
    : new OutboundMap(internalPort, remoteAddress, remotePort, lifetime);
  return applyMappingOptions(map, params);
}
