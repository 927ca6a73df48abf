import type { Endpoint, IpAddress } from "../../wire/address.ts";
import { ProtocolNumber } from "../../wire/protocol_number.ts";
import { tally } from "./counters.ts";
import { type Context, countViolation } from "./decision.ts";
import { mappingKey, newMapping } from "./mapping.ts";

/** Result codes of NAT-PMP, which are not PCP's (RFC 6886 section 3.5). */
const Result = {
  Success: 0,
  Version: 1,
  Refused: 2,
  NetworkFailure: 3,
  NoResources: 4,
  Opcode: 5,
} as const;

/** Adds to the opcode of an answer (RFC 6886 section 3.1). */
const ANSWER = 0x80;

/**
 * Answers a NAT-PMP request: RFC 6886. All octets are handled here, none by the codec of the client.
 *
 * @param scripted The result code that a test has ordered for this opcode, if any.
 * @returns The answer, or `undefined` when there is none.
 */
export function answerNatPmp(
  context: Context,
  now: number,
  epoch: number,
  request: Uint8Array,
  source: Endpoint,
  scripted: (opcode: number) => number | undefined,
): Uint8Array | undefined {
  const opcode = request[1] ?? 0;
  if (source.address.family !== "IPv4") return drop(context, "natpmpFamily");
  switch (opcode) {
    case 0:
      if (request.length > 2) countViolation(context, "natpmpLength");
      return answerAddress(context, epoch, scripted(opcode));
    case 1:
    case 2:
      if (request.length < 12) return drop(context, "natpmpShort");
      if (request.length > 12) countViolation(context, "natpmpLength");
      return answerMapping(context, now, epoch, request, source.address, scripted(opcode));
    default:
      return answerUnknown(context, epoch, request);
  }
}

/** What is multicast when the server starts or its external address changes (RFC 6886 section 3.2.1). */
export function natPmpAnnouncement(address: IpAddress | undefined, epoch: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, ANSWER);
  view.setUint16(2, address === undefined ? Result.NetworkFailure : Result.Success);
  view.setUint32(4, epoch);
  if (address !== undefined) view.setInt32(8, address.w3);
  return bytes;
}

/** The answer of a NAT-PMP server to any other version, 8 octets (RFC 6886 section 3.5). */
export function natPmpVersionError(
  context: Context,
  epoch: number,
  request: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  if (context.settings.natPmpErrorOpcode === "response") {
    view.setUint8(1, ANSWER | (request[1] ?? 0));
  }
  view.setUint16(2, Result.Version);
  view.setUint32(4, epoch);
  refused(context, Result.Version);
  return bytes;
}

function answerAddress(context: Context, epoch: number, scripted: number | undefined): Uint8Array {
  const bytes = natPmpAnnouncement(context.external.IPv4, epoch);
  const view = new DataView(bytes.buffer);
  if (scripted !== undefined) {
    view.setUint16(2, scripted);
    view.setUint32(8, 0);
  }
  if (view.getUint16(2) !== Result.Success) refused(context, view.getUint16(2));
  return bytes;
}

/** RFC 6886 sections 3.3 and 3.4. */
function answerMapping(
  context: Context,
  now: number,
  epoch: number,
  request: Uint8Array,
  internal: IpAddress,
  scripted: number | undefined,
): Uint8Array {
  const view = new DataView(request.buffer, request.byteOffset);
  if (view.getUint16(2) !== 0) countViolation(context, "natpmpReserved");
  const protocol = request[1] === 1 ? ProtocolNumber.Udp : ProtocolNumber.Tcp;
  const wanted: Wanted = {
    internal,
    protocol,
    port: view.getUint16(4),
    suggestion: view.getUint16(6),
    lifetime: view.getUint32(8),
  };
  const outcome = scripted === undefined ? decide(context, now, wanted) : failure(scripted);
  if (outcome.result !== Result.Success) refused(context, outcome.result);

  const bytes = new Uint8Array(16);
  const answer = new DataView(bytes.buffer);
  answer.setUint8(1, ANSWER | (request[1] ?? 0));
  answer.setUint16(2, outcome.result);
  answer.setUint32(4, epoch);
  answer.setUint16(8, wanted.port);
  answer.setUint16(10, outcome.port);
  answer.setUint32(12, outcome.lifetime);
  return bytes;
}

interface Wanted {
  readonly internal: IpAddress;
  readonly protocol: number;
  readonly port: number;
  readonly suggestion: number;
  readonly lifetime: number;
}

interface Outcome {
  readonly result: number;
  readonly port: number;
  readonly lifetime: number;
}

function decide(context: Context, now: number, wanted: Wanted): Outcome {
  if (wanted.lifetime === 0) return remove(context, now, wanted);
  const { settings, table, external } = context;
  // There is no such thing as all ports in NAT-PMP but to delete.
  if (wanted.port === 0) return failure(Result.Refused);
  if (external.IPv4 === undefined) return failure(Result.NetworkFailure);
  // A server does not grant more than asked (RFC 6886 section 3.3).
  const lifetime = Math.min(wanted.lifetime, settings.maxLifetime);
  const { internal, protocol } = wanted;
  const key = mappingKey("natpmp", protocol, internal, wanted.port, "IPv4");
  const old = table.byKey.get(key);
  if (old !== undefined) {
    old.lifetime = lifetime;
    old.expires = now + lifetime * 1_000;
    table.reschedule(old);
    return { result: Result.Success, port: old.externalPort, lifetime };
  }
  const full = table.byKey.size >= settings.capacity || table.countOf(internal) >= settings.quota;
  const allocation = table.allocate(now, {
    protocol,
    internalAddress: internal,
    internalPort: wanted.port,
    externalAddress: external.IPv4,
    suggestedPort: settings.ignoreSuggestions ? 0 : wanted.suggestion,
    exact: false,
    nonce: undefined,
    ports: 1,
    parity: false,
  });
  if (full || !allocation.ok) return failure(Result.NoResources);
  table.add(newMapping(now, {
    key,
    kind: "natpmp",
    protocol,
    internalAddress: internal,
    internalPort: wanted.port,
    externalAddress: external.IPv4,
    externalPort: allocation.port,
    lifetime,
    expires: now + lifetime * 1_000,
  }));
  return { result: Result.Success, port: allocation.port, lifetime };
}

function remove(context: Context, now: number, wanted: Wanted): Outcome {
  if (wanted.suggestion !== 0) countViolation(context, "natpmpDeleteSuggestion");
  const { table } = context;
  for (const mapping of [...table.byKey.values()]) {
    const meets = mapping.kind === "natpmp" && mapping.protocol === wanted.protocol &&
      mapping.internalAddress.equals(wanted.internal);
    // Port 0: everything of the protocol (RFC 6886 section 3.4).
    if (meets && (wanted.port === 0 || mapping.internalPort === wanted.port)) {
      table.remove(mapping, now);
    }
  }
  const fixed = table.ofInside(wanted.protocol, wanted.internal, wanted.port, "IPv4");
  if (fixed.some(({ kind }) => kind === "static")) return failure(Result.Refused);
  return { result: Result.Success, port: 0, lifetime: 0 };
}

/** The request comes back with the top bit set and result 5, no shorter than any other error (RFC 6886 section 3.5). */
function answerUnknown(context: Context, epoch: number, request: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.max(8, request.length));
  bytes.set(request);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, ANSWER | (request[1] ?? 0));
  view.setUint16(2, Result.Opcode);
  if (request.length < 8) view.setUint32(4, epoch);
  refused(context, Result.Opcode);
  return bytes;
}

function failure(result: number): Outcome {
  return { result, port: 0, lifetime: 0 };
}

function refused(context: Context, result: number): void {
  tally(context.counters.refused, `natpmp${result}`);
}

function drop(context: Context, reason: string): undefined {
  tally(context.counters.dropped, reason);
}
