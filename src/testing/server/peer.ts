import type { Endpoint, IpAddress } from "../../wire/address.ts";
import type { PeerFields, RequestHeader } from "../../wire/message_type.ts";
import { ResultCode } from "../../wire/result_code.ts";
import {
  type Answer,
  answerOptions,
  clampLifetime,
  type Context,
  type External,
  externalFor,
  refuse,
  suits,
  truncateText,
  validateRoom,
} from "./decision.ts";
import { mappingKey, type MutableMapping, newMapping, remainingLife } from "./mapping.ts";
import type { RequestedOptions } from "./option_rules.ts";

/** A PEER request, whole. */
export type PeerRequest = RequestHeader & PeerFields;

/** Answers a PEER request whose options have been judged: RFC 6887 section 12.3. */
export function answerPeer(
  context: Context,
  now: number,
  request: PeerRequest,
  source: Endpoint,
  asked: RequestedOptions,
): Answer {
  const internal = asked.thirdParty ?? source.address;
  const { protocol, internalPort, remotePort, remoteAddress } = request;
  // RFC 6887 section 12.1: all three are non-zero; internal and remote side share a family (section 10).
  if (protocol === 0 || internalPort === 0 || remotePort === 0 || remoteAddress.isUnspecified) {
    return refuse(ResultCode.MalformedRequest);
  }
  if (remoteAddress.family !== internal.family) return refuse(ResultCode.MalformedRequest);
  const remote: Endpoint = { address: remoteAddress, port: remotePort };
  const key = mappingKey(
    "peer",
    protocol,
    internal,
    internalPort,
    request.externalAddress.family,
    remote,
  );
  const mapping = context.table.byKey.get(key);
  if (mapping === undefined) {
    return create(context, now, request, source, internal, remote, key, asked);
  }
  if (mapping.kind === "peer") {
    if (mapping.nonce !== undefined && !mapping.nonce.equals(request.nonce)) {
      return refuse(ResultCode.NotAuthorized, remainingLife(mapping, now));
    }
    // PREFER_FAILURE is implied (RFC 6887 section 12.1).
    const samePort = request.externalPort === 0 || request.externalPort === mapping.externalPort;
    if (!samePort || !suits(request.externalAddress, mapping.externalAddress)) {
      return refuse(ResultCode.CannotProvideExternal);
    }
  }
  // What a flow has is told, whatever the client suggests (RFC 6887 section 12.3).
  mapping.kind = "peer";
  return grant(context, now, request, source, asked, mapping);
}

function create(
  context: Context,
  now: number,
  request: PeerRequest,
  source: Endpoint,
  internal: IpAddress,
  remote: Endpoint,
  key: string,
  asked: RequestedOptions,
): Answer {
  const { settings, table } = context;
  const { protocol, internalPort, nonce } = request;
  const external = externalFor(context, internal, request.externalAddress.family);
  if (!external.ok) return refuse(external.result);
  if (external.translated && !settings.protocols.includes(protocol)) {
    return refuse(ResultCode.UnsuppProtocol);
  }
  const full = validateRoom(context, internal);
  if (full !== ResultCode.Success) return refuse(full);
  if (!suits(request.externalAddress, external.address)) {
    return refuse(ResultCode.CannotProvideExternal);
  }
  const port = choosePort(context, now, request, internal, external);
  if (typeof port !== "number") return port;
  const mapping = newMapping(now, {
    key,
    kind: "peer",
    nonce,
    protocol,
    internalAddress: internal,
    internalPort,
    externalAddress: external.address,
    externalPort: port,
    remote,
    thirdParty: asked.thirdParty !== undefined,
  });
  table.add(mapping);
  return grant(context, now, request, source, asked, mapping);
}

function choosePort(
  context: Context,
  now: number,
  request: PeerRequest,
  internal: IpAddress,
  external: External & { readonly ok: true },
): number | Answer {
  const { externalPort, internalPort, protocol, nonce } = request;
  const suggested = externalPort !== 0;
  if (!external.translated) {
    if (suggested && externalPort !== internalPort) return refuse(ResultCode.CannotProvideExternal);
    return internalPort;
  }
  const allocation = context.table.allocate(now, {
    protocol,
    internalAddress: internal,
    internalPort,
    externalAddress: external.address,
    suggestedPort: externalPort,
    exact: suggested,
    nonce,
    ports: 1,
    parity: false,
  });
  if (allocation.ok) return allocation.port;
  return refuse(suggested ? ResultCode.CannotProvideExternal : ResultCode.NoResources);
}

/** Extends the mapping, or leaves its life as it is: PEER never shortens one (RFC 6887 section 12.1). */
function grant(
  context: Context,
  now: number,
  request: PeerRequest,
  source: Endpoint,
  asked: RequestedOptions,
  mapping: MutableMapping,
): Answer {
  const { settings, table } = context;
  mapping.nonce = request.nonce;
  mapping.client = source;
  mapping.checkpoint = asked.checkpoint;
  mapping.thirdParty = asked.thirdParty !== undefined;
  if (asked.description !== undefined) {
    const text = truncateText(asked.description, settings.maxDescription);
    mapping.description = text === "" ? undefined : text;
  }
  const granted = clampLifetime(settings, request.lifetime);
  mapping.expires = Math.max(mapping.expires, now + granted * 1_000);
  mapping.lifetime = remainingLife(mapping, now);
  table.reschedule(mapping);
  context.refreshed(mapping);
  return {
    ok: true,
    lifetime: mapping.lifetime,
    externalPort: mapping.externalPort,
    externalAddress: mapping.externalAddress,
    options: answerOptions(context, asked, mapping),
  };
}
