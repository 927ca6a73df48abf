import type { Endpoint, IpAddress } from "../../wire/address.ts";
import { ProtocolNumber } from "../../wire/protocol_number.ts";
import { tally } from "./counters.ts";
import { countViolation, type ServerContext, validateCapacity } from "./decision.ts";
import { type InternalPort, mappingKey, newMapping } from "./mapping.ts";

/** NAT-PMP result codes, which are not those of PCP (RFC 6886 section 3.5). */
const Result = {
  Success: 0,
  Version: 1,
  Refused: 2,
  NetworkFailure: 3,
  NoResources: 4,
  Opcode: 5,
} as const;

/** Added to the opcode in a response (RFC 6886 section 3.1). */
const RESPONSE = 0x80;

/**
 * The response to a NAT-PMP request (RFC 6886), if it gets one. Reads and writes the octets itself, so that the client's
 * codec does not verify itself.
 */
export function answerNatPmp(
  context: ServerContext,
  now: number,
  request: Uint8Array,
  source: Endpoint,
): Uint8Array | undefined {
  const opcode = request[1] ?? 0;
  if (source.address.family !== "IPv4") return drop(context, "natpmpFamily");
  if (opcode > 2) return answerUnknownOpcode(context, now, request);
  const length = opcode === 0 ? 2 : 12;
  if (request.length < length) return drop(context, "natpmpShort");
  if (request.length > length) countViolation(context, "natpmpLength");
  const scripted = context.faultScript.takeFailure(opcode)?.result;
  if (opcode > 0) {
    const response = answerMapping(context, now, request, source.address, scripted);
    return inProcessorOrder(context, response);
  }
  const response = natPmpAddressResponse(context.external.IPv4, context.epoch(now), scripted);
  countError(context, new DataView(response.buffer).getUint16(2));
  return inProcessorOrder(context, response);
}

/** The response to an address request, and the announcement of an address (RFC 6886 sections 3.2 and 3.2.1). */
export function natPmpAddressResponse(
  address: IpAddress | undefined,
  epoch: number,
  scripted?: number,
): Uint8Array<ArrayBuffer> {
  const result = scripted ?? (address === undefined ? Result.NetworkFailure : Result.Success);
  const view = newResponse(12, RESPONSE, result, epoch);
  if (result === Result.Success && address !== undefined) view.setInt32(8, address.w3);
  return new Uint8Array(view.buffer);
}

/** The response of a NAT-PMP server to every other version, by default 8 octets (RFC 6886 section 3.5). */
export function natPmpVersionError(
  context: ServerContext,
  now: number,
  request: Uint8Array,
): Uint8Array {
  const hasOpcode = context.settings.natPmpErrorOpcode === "response";
  const opcode = hasOpcode ? RESPONSE | (request[1] ?? 0) : 0;
  countError(context, Result.Version);
  const error = new Uint8Array(newResponse(8, opcode, Result.Version, context.epoch(now)).buffer);
  const { versionErrorLength: length = error.length } = context.settings;
  const bytes = new Uint8Array(length);
  bytes.set(request.subarray(0, length));
  bytes.set(error.subarray(0, length));
  return inProcessorOrder(context, bytes);
}

/** The response as a server sends it that forgets to convert its numbers. */
function inProcessorOrder({ settings }: ServerContext, bytes: Uint8Array): Uint8Array {
  if (!settings.quirks.natPmpLittleEndian) return bytes;
  const isMapping = bytes.length === 16;
  const fields = [[2, 2], [4, 4], ...isMapping ? [[8, 2], [10, 2], [12, 4]] : []];
  for (const [at = 0, length = 0] of fields) bytes.subarray(at, at + length).reverse();
  return bytes;
}

function newResponse(
  length: number,
  opcode: number,
  result: number,
  epoch: number,
): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(length));
  view.setUint8(1, opcode);
  view.setUint16(2, result);
  view.setUint32(4, epoch);
  return view;
}

/** The fields of a mapping response that the server decides. */
interface MappingResult {
  readonly result: number;
  readonly port: number;
  readonly lifetime: number;
}

/** A mapping request (RFC 6886 section 3.3), or a deletion if its lifetime is 0 (section 3.4). */
function answerMapping(
  context: ServerContext,
  now: number,
  bytes: Uint8Array,
  internalAddress: IpAddress,
  scripted: number | undefined,
): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint16(2) !== 0) countViolation(context, "natpmpReserved");
  const protocol = bytes[1] === 1 ? ProtocolNumber.Udp : ProtocolNumber.Tcp;
  const internalPort = view.getUint16(4);
  const internal: InternalPort = { protocol, internalAddress, internalPort, family: "IPv4" };
  const [suggestedPort, requested] = [view.getUint16(6), view.getUint32(8)];
  const { result, port, lifetime } = scripted !== undefined
    ? failure(scripted)
    : requested === 0
    ? remove(context, now, internal, suggestedPort)
    : map(context, now, internal, suggestedPort, requested);
  countError(context, result);
  const response = newResponse(16, RESPONSE | (bytes[1] ?? 0), result, context.epoch(now));
  response.setUint16(8, internalPort);
  response.setUint16(10, port);
  response.setUint32(12, lifetime);
  return new Uint8Array(response.buffer);
}

function map(
  context: ServerContext,
  now: number,
  internal: InternalPort,
  suggestedPort: number,
  requested: number,
): MappingResult {
  const { settings, table, external } = context;
  // Port 0 stands for every port in deletions only.
  if (internal.internalPort === 0) return failure(Result.Refused);
  if (internal.internalPort < settings.lowestPort) return failure(Result.Refused);
  if (external.IPv4 === undefined) return failure(Result.NetworkFailure);
  // The server grants no more than requested (RFC 6886 section 3.3).
  const lifetime = Math.min(requested, settings.maxLifetime);
  const expires = now + lifetime * 1_000;
  const mapping = table.byKey.get(mappingKey("natpmp", internal));
  if (mapping !== undefined) {
    Object.assign(mapping, { lifetime, expires });
    table.reschedule(mapping);
    return { result: Result.Success, port: mapping.externalPort, lifetime };
  }
  if (validateCapacity(context, internal.internalAddress) !== undefined) {
    return failure(Result.NoResources);
  }
  const allocation = table.allocate(now, {
    internal,
    externalAddress: external.IPv4,
    suggestedPort: settings.ignoreSuggestions || suggestedPort < settings.lowestPort
      ? 0
      : suggestedPort,
  });
  if (!allocation.ok) return failure(Result.NoResources);
  const { port } = allocation;
  const externalSide = { externalAddress: external.IPv4, externalPort: port };
  table.add(newMapping(now, "natpmp", internal, { ...externalSide, lifetime, expires }));
  return { result: Result.Success, port, lifetime };
}

function remove(
  context: ServerContext,
  now: number,
  internal: InternalPort,
  suggestedPort: number,
): MappingResult {
  if (suggestedPort !== 0) countViolation(context, "natpmpDeleteSuggestion");
  const { table } = context;
  for (const mapping of [...table.byKey.values()]) {
    const isSameHost = mapping.kind === "natpmp" && mapping.protocol === internal.protocol &&
      mapping.internalAddress.equals(internal.internalAddress);
    // Port 0 deletes every mapping of the protocol (RFC 6886 section 3.4).
    const isSamePort = internal.internalPort === 0 ||
      mapping.internalPort === internal.internalPort;
    if (isSameHost && isSamePort) table.remove(mapping, now);
  }
  const isStatic = table.ofInternalPort(internal).some(({ kind }) => kind === "static");
  return isStatic ? failure(Result.Refused) : { result: Result.Success, port: 0, lifetime: 0 };
}

/** The request with the response bit and result 5, at least as long as every error (RFC 6886 section 3.5). */
function answerUnknownOpcode(
  context: ServerContext,
  now: number,
  request: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(Math.max(8, request.length));
  bytes.set(request);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, RESPONSE | (request[1] ?? 0));
  view.setUint16(2, Result.Opcode);
  if (request.length < 8) view.setUint32(4, context.epoch(now));
  countError(context, Result.Opcode);
  return bytes;
}

function failure(result: number): MappingResult {
  return { result, port: 0, lifetime: 0 };
}

function countError(context: ServerContext, result: number): void {
  if (result !== Result.Success) tally(context.counters.refused, `natpmp${result}`);
}

function drop(context: ServerContext, reason: string): undefined {
  tally(context.counters.dropped, reason);
}
