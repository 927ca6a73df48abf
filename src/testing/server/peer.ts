import type { Endpoint } from "../../wire/address.ts";
import type { PeerFields } from "../../wire/message_type.ts";
import { ResultCode } from "../../wire/result_code.ts";
import {
  chooseExternalAddress,
  type Decision,
  type ExternalAddress,
  grant,
  type Refusal,
  refuse,
  satisfies,
  validateCapacity,
  type ValidRequest,
} from "./decision.ts";
import { mappingKey, newMapping, remainingLife } from "./mapping.ts";

type PeerRequest = ValidRequest<PeerFields>;

/** Decides on a PEER request: RFC 6887 section 12.3. */
export function decidePeer(valid: PeerRequest): Decision {
  const { context, now, request, internal } = valid;
  const { protocol, internalPort, remotePort, remoteAddress } = request;
  // Protocol and both ports are not zero (RFC 6887 section 12.1), and both ends are of one family (section 10).
  const isComplete = protocol !== 0 && internalPort !== 0 && remotePort !== 0 &&
    !remoteAddress.isUnspecified && remoteAddress.family === internal.internalAddress.family;
  if (!isComplete) return refuse(ResultCode.MalformedRequest);
  const remote: Endpoint = { address: remoteAddress, port: remotePort };
  const mapping = context.table.byKey.get(mappingKey("peer", internal, remote));
  if (mapping === undefined) return create(valid, remote);
  if (mapping.kind === "peer") {
    if (mapping.nonce?.equals(request.nonce) === false) {
      return refuse(ResultCode.NotAuthorized, remainingLife(mapping, now));
    }
    // PEER implies PREFER_FAILURE (RFC 6887 section 12.1).
    const samePort = request.externalPort === 0 || request.externalPort === mapping.externalPort;
    if (!samePort || !satisfies(mapping.externalAddress, request.externalAddress)) {
      return refuse(ResultCode.CannotProvideExternal);
    }
  }
  // PEER takes over a flow with its external side, whatever it suggests (RFC 6887 section 12.3).
  mapping.kind = "peer";
  mapping.thirdParty = valid.options.thirdParty !== undefined;
  return grant(valid, mapping);
}

function create(valid: PeerRequest, remote: Endpoint): Decision {
  const { context, now, request, internal } = valid;
  const external = chooseExternalAddress(valid);
  if (!external.ok) return external;
  if (external.translated && !context.settings.translated.includes(request.protocol)) {
    return refuse(ResultCode.UnsuppProtocol);
  }
  const refusal = validateCapacity(context, internal.internalAddress);
  if (refusal !== undefined) return refusal;
  if (!satisfies(external.address, request.externalAddress)) {
    return refuse(ResultCode.CannotProvideExternal);
  }
  const externalPort = assignPort(valid, external);
  if (typeof externalPort !== "number") return externalPort;
  const mapping = newMapping(now, "peer", internal, {
    nonce: request.nonce,
    externalAddress: external.address,
    externalPort,
    remote,
    thirdParty: valid.options.thirdParty !== undefined,
  });
  context.table.add(mapping);
  return grant(valid, mapping);
}

function assignPort(
  { context, now, request, internal }: PeerRequest,
  { address, translated }: ExternalAddress,
): number | Refusal {
  const { externalPort, internalPort, nonce } = request;
  const isSuggested = externalPort !== 0;
  if (!translated) {
    if (!isSuggested || externalPort === internalPort) return internalPort;
    return refuse(ResultCode.CannotProvideExternal);
  }
  const allocation = context.table.allocate(now, {
    internal,
    externalAddress: address,
    suggestedPort: externalPort,
    exact: isSuggested,
    nonce,
  });
  if (allocation.ok) return allocation.port;
  return refuse(isSuggested ? ResultCode.CannotProvideExternal : ResultCode.NoResources);
}
