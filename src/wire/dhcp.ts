import { IpAddress } from "./address.ts";
import { viewOf } from "./octets.ts";

/**
 * Decodes the PCP servers in the options of a DHCPv4 message (RFC 7291 section 4): for each server the list of its
 * addresses. Never throws. The data of several instances of the option are joined first (RFC 3396). Decoding stops at
 * malformed data. Multicast, loopback and all-zeros addresses are dropped, and so is a server without other addresses.
 *
 * @param bytes Options one after the other, code and length included.
 */
export function decodeDhcpv4Servers(bytes: Uint8Array): IpAddress[][] {
  const view = viewOf(joinInstances(bytes));
  const servers: IpAddress[][] = [];
  let at = 0;
  while (at < view.byteLength) {
    const length = view.getUint8(at);
    at += 1;
    if ((length & 3) !== 0 || length > view.byteLength - at) break;
    const addresses: IpAddress[] = [];
    for (const end = at + length; at < end; at += 4) {
      addresses.push(new IpAddress(0, 0, 0xffff, view.getInt32(at)));
    }
    servers.push(addresses.filter(isUsable));
  }
  return servers.filter((addresses) => addresses.length > 0);
}

/**
 * Decodes the PCP servers in the options of a DHCPv6 message (RFC 7291 section 3): one for each instance of the option,
 * with the list of its addresses, which may be IPv4. Never throws. An instance of a wrong length is dropped. Multicast,
 * loopback and all-zeros addresses are dropped, and so is a server without other addresses.
 *
 * @param bytes Options one after the other, code and length included.
 */
export function decodeDhcpv6Servers(bytes: Uint8Array): IpAddress[][] {
  const view = viewOf(bytes);
  const servers: IpAddress[][] = [];
  let at = 0;
  while (view.byteLength - at >= 4) {
    const code = view.getUint16(at);
    const length = view.getUint16(at + 2);
    at += 4;
    if (length > view.byteLength - at) break;
    if (code === OPTION_V6_PCP_SERVER && (length & 15) === 0) {
      const addresses: IpAddress[] = [];
      for (let from = at; from < at + length; from += 16) {
        addresses.push(IpAddress.read(view, from));
      }
      servers.push(addresses.filter(isUsable));
    }
    at += length;
  }
  return servers.filter((addresses) => addresses.length > 0);
}

/**
 * Encodes the DHCPv4 option of these servers, in several instances if it is longer than 255 octets (RFC 3396).
 *
 * @throws {TypeError} If an address is not IPv4.
 * @throws {RangeError} If a server has no address or more than 63.
 */
export function encodeDhcpv4Servers(servers: readonly (readonly IpAddress[])[]): Uint8Array {
  const data = servers.flatMap((addresses) => {
    checkCount(addresses, 63);
    return [4 * addresses.length, ...addresses.flatMap(ipv4Octets)];
  });
  const octets: number[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const part = data.slice(at, at + 255);
    octets.push(OPTION_V4_PCP_SERVER, part.length, ...part);
  }
  return Uint8Array.from(octets);
}

/**
 * Encodes the DHCPv6 options of these servers, one for each.
 *
 * @throws {RangeError} If a server has no address or more than 4095.
 */
export function encodeDhcpv6Servers(servers: readonly (readonly IpAddress[])[]): Uint8Array {
  const length = servers.reduce((sum, addresses) => sum + 4 + 16 * addresses.length, 0);
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  let at = 0;
  for (const addresses of servers) {
    checkCount(addresses, 4095);
    view.setUint16(at, OPTION_V6_PCP_SERVER);
    view.setUint16(at + 2, 16 * addresses.length);
    at += 4;
    for (const address of addresses) {
      address.write(view, at);
      at += 16;
    }
  }
  return bytes;
}

/** Joins the data of all instances of the DHCPv4 option (RFC 3396 section 5). */
function joinInstances(bytes: Uint8Array): Uint8Array {
  const octets: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const code = bytes[at++];
    if (code === PAD) continue;
    const length = bytes[at++];
    if (code === END || length === undefined || length > bytes.length - at) break;
    if (code === OPTION_V4_PCP_SERVER) octets.push(...bytes.subarray(at, at + length));
    at += length;
  }
  return Uint8Array.from(octets);
}

/** Multicast and loopback must be discarded (RFC 7291 sections 3.2, 4.2). All zeros would be this host too. */
function isUsable(address: IpAddress): boolean {
  return !address.isMulticast && !address.isLoopback && !address.isUnspecified;
}

function checkCount({ length }: readonly IpAddress[], max: number): void {
  if (length >= 1 && length <= max) return;
  throw new RangeError(
    `Cannot encode a DHCP option: a server must have 1 to ${max} addresses, got "${length}"`,
  );
}

function ipv4Octets(address: IpAddress): number[] {
  if (address.family !== "IPv4") {
    throw new TypeError(
      `Cannot encode a DHCPv4 option: its addresses must be IPv4, got "${address}"`,
    );
  }
  return [24, 16, 8, 0].map((shift) => (address.w3 >>> shift) & 0xff);
}

/** RFC 7291 section 4.1. */
const OPTION_V4_PCP_SERVER = 158;

/** RFC 7291 section 3.1. */
const OPTION_V6_PCP_SERVER = 86;

/** Filler without a length (RFC 2132 section 3.1). */
const PAD = 0;

/** Last option, without a length (RFC 2132 section 3.2). */
const END = 255;
