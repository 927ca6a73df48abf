import type { Endpoint } from "../../wire/address.ts";
import type { PeerFields } from "../../wire/message_type.ts";
import { ResultCode } from "../../wire/result_code.ts";
import {
  chooseExternalAddress,
  clampLifetime,
  type Decision,
  type ExternalAddress,
  grant,
  type Refusal,
  refuse,
  satisfies,
  type ServerContext,
  validateCapacity,
  type ValidRequest,
} from "./decision.ts";
import {
  type InternalPort,
  mappingKey,
  type MutableMapping,
  newMapping,
  remainingLife,
} from "./mapping.ts";

/** Decides on a PEER request: RFC 6887 section 12.3. */
export function decidePeer(context: ServerContext, valid: ValidRequest<PeerFields>): Decision {
  const { now, request, internalAddress } = valid;
  const { protocol, internalPort, remotePort, remoteAddress } = request;
  // Protocol and both ports are not zero (RFC 6887 section 12.1).
  if (protocol === 0 || internalPort === 0 || remotePort === 0 || remoteAddress.isUnspecified) {
    return refuse(ResultCode.MalformedRequest);
  }
  // Internal address and remote peer are of one family (RFC 6887 section 10).
  if (remoteAddress.family !== internalAddress.family) return refuse(ResultCode.MalformedRequest);
  const { family } = request.externalAddress;
  const internal: InternalPort = { protocol, internalAddress, internalPort, family };
  const remote: Endpoint = { address: remoteAddress, port: remotePort };
  const mapping = context.table.byKey.get(mappingKey("peer", internal, remote));
  if (mapping === undefined) return create(context, valid, internal, remote);
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
  return grantPeer(context, valid, mapping);
}

function create(
  context: ServerContext,
  valid: ValidRequest<PeerFields>,
  internal: InternalPort,
  remote: Endpoint,
): Decision {
  const { now, request, internalAddress } = valid;
  const external = chooseExternalAddress(context, internalAddress, internal.family);
  if (!external.ok) return external;
  if (external.translated && !context.settings.protocols.includes(request.protocol)) {
    return refuse(ResultCode.UnsuppProtocol);
  }
  const refusal = validateCapacity(context, internalAddress);
  if (refusal !== undefined) return refusal;
  if (!satisfies(external.address, request.externalAddress)) {
    return refuse(ResultCode.CannotProvideExternal);
  }
  const externalPort = assignPort(context, valid, internal, external);
  if (typeof externalPort !== "number") return externalPort;
  const { nonce } = request;
  const mapping = newMapping(now, "peer", internal, {
    nonce,
    externalAddress: external.address,
    externalPort,
    remote,
  });
  context.table.add(mapping);
  return grantPeer(context, valid, mapping);
}

function assignPort(
  context: ServerContext,
  { now, request }: ValidRequest<PeerFields>,
  internal: InternalPort,
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

/** Extends the mapping; PEER never shortens one (RFC 6887 section 12.1). */
function grantPeer(
  context: ServerContext,
  valid: ValidRequest<PeerFields>,
  mapping: MutableMapping,
): Decision {
  const { now, request, options } = valid;
  mapping.thirdParty = options.thirdParty !== undefined;
  const lifetime = clampLifetime(context.settings, request.lifetime);
  return grant(context, valid, mapping, Math.max(mapping.expires, now + lifetime * 1_000));
}
