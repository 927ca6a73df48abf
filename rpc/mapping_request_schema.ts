import * as z from "zod/mini";
import { kindFaults } from "./mapping_request.ts";
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

function checkKind(params: object, context: z.core.$RefinementCtx): void {
  for (const { path, message } of kindFaults({ ...params })) {
    context.addIssue({ code: "custom", path, message, input: undefined });
  }
}
