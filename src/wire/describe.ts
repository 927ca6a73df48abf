import type { IpAddress } from "./address.ts";
import { NATPMP_VERSION, PCP_VERSION } from "./constants.ts";
import { describeSsdp } from "./describe_ssdp.ts";
import { decodeRequest, decodeResponse, type Request, type Response } from "./message.ts";
import {
  decodeNatPmpRequest,
  decodeNatPmpResponse,
  type NatPmpMapResponse,
  type NatPmpRequest,
  type NatPmpResponse,
  natPmpResultName,
} from "./natpmp.ts";
import { opcodeName } from "./opcode.ts";
import { type FilterOption, type Option, optionCode, optionName } from "./option.ts";
import { protocolName } from "./protocol_number.ts";
import { ResultCode, resultName } from "./result_code.ts";

/**
 * Describes any datagram in one line for logs: a PCP, NAT-PMP or SSDP message, or other octets. Never throws. The line has a
 * bounded length, no control characters, and never a whole nonce.
 *
 * @example
 * ```ts
 * import { describe, encodeRequest, IpAddress } from "@portcontrol/pcp/wire";
 * import { assertEquals } from "@std/assert";
 *
 * const clientAddress = IpAddress.parse("192.168.1.10");
 * const bytes = encodeRequest({ type: "announce", lifetime: 0, clientAddress });
 * assertEquals(describe(bytes), "PCP ANNOUNCE request, client 192.168.1.10");
 * ```
 */
export function describe(bytes: Uint8Array): string {
  const [version = -1, second = 0] = bytes;
  if (version === NATPMP_VERSION) {
    const response = decodeNatPmpResponse(bytes);
    if (response.ok) return describeNatPmpResponse(response.value);
    const request = decodeNatPmpRequest(bytes);
    if (request.ok) return describeNatPmpRequest(request.value);
  }
  const response = decodeResponse(bytes);
  if (response.ok) return describeResponse(response.value);
  const request = decodeRequest(bytes);
  if (request.ok) return describeRequest(request.value);
  const ssdp = describeSsdp(bytes);
  if (ssdp !== undefined) return ssdp;
  const reason = second >= 0x80 ? response.reason : request.reason;
  return describeUnreadable(bytes, version === PCP_VERSION ? `PCP, ${reason}` : reason);
}

function describeRequest(request: Request): string {
  const { opcode, lifetime, clientAddress } = request;
  return list(
    `PCP ${opcodeName(opcode)} request`,
    ...describeBody(request),
    ...(request.type === "announce" ? [] : [`lifetime ${lifetime}`]),
    `client ${clientAddress}`,
    ...describeOptions(request),
  );
}

function describeResponse(response: Response): string {
  const { version, opcode, result, lifetime, epoch } = response;
  const title = list(`PCP ${opcodeName(opcode)} response`, resultName(result));
  if (result === ResultCode.UnsuppVersion && version !== PCP_VERSION) {
    return list(title, `speaks version ${version}`);
  }
  return list(
    title,
    ...describeBody(response),
    ...(response.type === "announce" ? [] : [`lifetime ${lifetime}`]),
    `epoch ${epoch}`,
    ...describeOptions(response),
  );
}

function describeBody(message: Request | Response): string[] {
  switch (message.type) {
    case "announce":
      return [];
    case "other":
      return [octets(message.data)];
    case "map":
    case "peer": {
      const external = endpoint(message.externalAddress, message.externalPort);
      return [
        `${protocolName(message.protocol)} ${message.internalPort} -> ${external}`,
        ...(message.type === "map"
          ? []
          : [`peer ${endpoint(message.remoteAddress, message.remotePort)}`]),
        `nonce ${message.nonce.hint}`,
      ];
    }
  }
}

function describeOptions({ options, optionFault }: Request | Response): string[] {
  const hidden = options.length - MOST_OPTIONS;
  return [
    ...options.slice(0, MOST_OPTIONS).map(describeOption),
    ...(hidden > 0 ? [`${hidden} more options`] : []),
    ...(optionFault === undefined ? [] : [`options cut off (${optionFault})`]),
  ];
}

function describeOption(option: Option): string {
  const name = optionName(optionCode(option));
  switch (option.type) {
    case "thirdParty":
      return `${name} ${option.address}`;
    case "filter":
      return `${name} ${filter(option)}`;
    case "description":
      return `${name} ${quote(option.text)}`;
    case "idIndicator":
      return `${name} ${quote(option.identity)}`;
    case "prefix64":
      return `${name} /${8 * option.prefix.length}`;
    case "portSet":
      return `${name} ${option.size} from ${option.firstInternalPort}${
        option.parity ? " parity" : ""
      }`;
    case "thirdPartyId":
      return `${name} (${octets(option.id)})`;
    case "prf":
    case "macAlgorithm":
    case "sessionLifetime":
    case "receivedPak":
      return `${name} ${option.value}`;
    case "unknown":
      return `${name} (${octets(option.data)})`;
    case "malformed":
      return `${name} malformed (${octets(option.data)})`;
    default:
      // Flags, and data that are secret or too long.
      return name;
  }
}

function filter({ prefixLength, remotePort, remoteAddress }: FilterOption): string {
  if (prefixLength === 0) return "none";
  const length = remoteAddress.family === "IPv4" ? prefixLength - 96 : prefixLength;
  return `${remoteAddress}/${length}${remotePort === 0 ? "" : ` port ${remotePort}`}`;
}

function describeNatPmpRequest(request: NatPmpRequest): string {
  if (request.type === "externalAddress") return "NAT-PMP external address request";
  return list("NAT-PMP map request", natPmpPorts(request), `lifetime ${request.lifetime}`);
}

function describeNatPmpResponse(response: NatPmpResponse): string {
  const result = natPmpResultName(response.result);
  const epoch = response.epoch === undefined ? [] : [`epoch ${response.epoch}`];
  switch (response.type) {
    case "externalAddress":
      return list("NAT-PMP external address response", result, `${response.address}`, ...epoch);
    case "map": {
      const lifetime = `lifetime ${response.lifetime}`;
      return list("NAT-PMP map response", result, natPmpPorts(response), lifetime, ...epoch);
    }
    case "error":
      return list("NAT-PMP error", result, ...epoch);
  }
}

function natPmpPorts(
  { protocol, internalPort, externalPort }: Pick<
    NatPmpMapResponse,
    "protocol" | "internalPort" | "externalPort"
  >,
): string {
  return `${protocolName(protocol)} ${internalPort} -> ${externalPort}`;
}

/** Shows the first four octets only, because a nonce may follow. */
function describeUnreadable(bytes: Uint8Array, reason: string): string {
  const start = [...bytes.subarray(0, 4)].map((octet) => octet.toString(16).padStart(2, "0"));
  const shown = start.length === 0 ? [] : [`begins ${start.join(" ")}`];
  return list(`Unreadable datagram (${reason})`, octets(bytes), ...shown);
}

function octets({ length }: Uint8Array): string {
  return length === 1 ? "1 octet" : `${length} octets`;
}

function endpoint(address: IpAddress, port: number): string {
  return address.family === "IPv4" ? `${address}:${port}` : `[${address}]:${port}`;
}

/** Text from the network: clipped, quoted, with control, invisible and direction-changing characters escaped. */
function quote(text: string): string {
  const characters = [...text];
  const clipped = characters.slice(0, MOST_CHARACTERS).join("");
  const quoted = JSON.stringify(clipped).replace(UNSAFE, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
  return characters.length > MOST_CHARACTERS ? `${quoted}…` : quoted;
}

function list(...parts: readonly string[]): string {
  return parts.join(", ");
}

/** Controls, formats, surrogates, private use, unassigned, line and paragraph separators. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

const MOST_OPTIONS = 8;

const MOST_CHARACTERS = 40;
