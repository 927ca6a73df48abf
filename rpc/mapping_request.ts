import * as z from "zod/mini";
import { InboundMap, OutboundMap } from "../mod.ts";
import { applyMappingOptions, goesWith, MAPPING_OPTION_NAMES } from "../src/mapping_options.ts";
import type { MappingRequestParams } from "./types.ts";
import {
  address,
  described,
  id,
  integer,
  mappingOptions,
  named,
  optional,
  port,
  requestType,
  seconds,
} from "./value_schemas.ts";

/** Params of `mapping/request`. */
export const mappingRequestParams = named("MappingRequestParams", () => {
  const { protocol, ...options } = mappingOptions();
  return z.strictObject({
    clientId: id("The client that requests it"),
    kind: described(
      z.enum(["inbound", "outbound"]),
      "Let traffic in (MAP), or keep a flow to one remote peer (PEER)",
    ),
    internalPort: described(
      integer(0, 65_535),
      "Port on this host; 0, inbound only, is all ports of the protocol",
    ),
    lifetime: described(seconds(), "Wanted lifetime in seconds"),
    protocol,
    requestType: optional(requestType(), "How long the mapping is wanted; keepAlive by default"),
    ...options,
    remoteAddress: optional(
      address(),
      "Outbound only, and required there. Address of the remote peer",
    ),
    remotePort: optional(port(), "Outbound only, and required there. Port of the remote peer"),
  }).check(
    // Checked even if other params are faulty, so that the response lists all faults.
    z.superRefine(checkKind, { when: ({ value }) => typeof value === "object" && value !== null }),
  );
});

const PEER = ["remoteAddress", "remotePort"] as const;

function checkKind(params: MappingRequestParams, context: z.core.$RefinementCtx): void {
  const fault = (path: string, message: string): void =>
    context.addIssue({ code: "custom", path: [path], message, input: undefined });
  if (params.kind === "inbound") {
    for (const name of PEER) {
      if (params[name] !== undefined) fault(name, "Only an outbound mapping may have it");
    }
  } else if (params.kind === "outbound") {
    for (const name of PEER) {
      if (params[name] === undefined) fault(name, "An outbound mapping needs it");
    }
    for (const name of MAPPING_OPTION_NAMES) {
      if (params[name] !== undefined && !goesWith(name, "outbound")) {
        fault(name, "Only an inbound mapping may have it");
      }
    }
    if (params.internalPort === 0) {
      fault("internalPort", "An outbound mapping is of one port, from 1 to 65535");
    }
  }
}

/** The builder of a mapping with these params. */
export function toMap(params: MappingRequestParams): InboundMap | OutboundMap {
  const { internalPort, lifetime, remoteAddress = "", remotePort = 0 } = params;
  const map = params.kind === "inbound"
    ? new InboundMap(internalPort, lifetime)
    : new OutboundMap(internalPort, remoteAddress, remotePort, lifetime);
  return applyMappingOptions(map, params);
}
