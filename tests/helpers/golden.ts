import { IpAddress } from "../../src/wire/address.ts";
import type { RequestInit, ResponseInit } from "../../src/wire/message.ts";
import type { NatPmpRequest, NatPmpResponse } from "../../src/wire/natpmp.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import type { Option } from "../../src/wire/option.ts";
import { hex, octets } from "./hex.ts";

/**
 * A value and its octets on the wire, worked out by hand from the RFCs. Client 192.168.1.10 (2001:db8:1::10), external
 * address 203.0.113.5, epoch 1000, nonce a0a1a2a3 a4a5a6a7 a8a9aaab.
 */
export type Golden<T> = readonly [name: string, hex: string, value: T];

/** The words of the nonce. */
export const goldenNonce = [0xa0a1a2a3, 0xa4a5a6a7, 0xa8a9aaab] as const;

const ip = IpAddress.parse;
const clientAddress = ip("192.168.1.10");
const clientAddress6 = ip("2001:db8:1::10");
const nonce = new Nonce(...goldenNonce);
const any = IpAddress.ANY_IPV4;
const external = ip("203.0.113.5");
const tcp = { nonce, protocol: 6, internalPort: 8080 } as const;
const flow = {
  nonce,
  protocol: 6,
  internalPort: 51000,
  remotePort: 443,
  remoteAddress: ip("198.51.100.7"),
} as const;
const filter24: Option = {
  type: "filter",
  prefixLength: 96 + 24,
  remotePort: 0,
  remoteAddress: ip("198.51.100.0"),
};
const web: Option = { type: "description", text: "web" };
const nothing = new Uint8Array(0);

/** PCP requests. */
export const REQUESTS = {
  announceRequest: [
    "ANNOUNCE request",
    "02000000 00000000 00000000 00000000 0000ffff c0a8010a",
    { type: "announce", lifetime: 0, clientAddress },
  ],
  mapRequest: [
    "MAP request: TCP 8080, no suggestion, IPv4 wanted, 7200 s",
    `02010000 00001c20 00000000 00000000 0000ffff c0a8010a a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     1f900000 00000000 00000000 0000ffff 00000000`,
    { type: "map", lifetime: 7200, clientAddress, ...tcp, externalPort: 0, externalAddress: any },
  ],
  mapRenewal: [
    "MAP renewal: the suggestion is what was assigned",
    `02010000 00001c20 00000000 00000000 0000ffff c0a8010a a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     1f909c40 00000000 00000000 0000ffff cb007105`,
    {
      ...{ type: "map", lifetime: 7200, clientAddress, ...tcp },
      ...{ externalPort: 40000, externalAddress: external },
    },
  ],
  mapDelete: [
    "MAP delete",
    `02010000 00000000 00000000 00000000 0000ffff c0a8010a a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     1f900000 00000000 00000000 0000ffff 00000000`,
    { type: "map", lifetime: 0, clientAddress, ...tcp, externalPort: 0, externalAddress: any },
  ],
  mapAllUdpPorts: [
    "MAP all UDP ports",
    `02010000 00001c20 00000000 00000000 0000ffff c0a8010a a0a1a2a3 a4a5a6a7 a8a9aaab 11000000
     00000000 00000000 00000000 0000ffff 00000000`,
    {
      ...{ type: "map", lifetime: 7200, clientAddress, nonce, protocol: 17, internalPort: 0 },
      ...{ externalPort: 0, externalAddress: any },
    },
  ],
  mapAllProtocols: [
    "MAP all protocols",
    `02010000 00001c20 00000000 00000000 0000ffff c0a8010a a0a1a2a3 a4a5a6a7 a8a9aaab 00000000
     00000000 00000000 00000000 0000ffff 00000000`,
    {
      ...{ type: "map", lifetime: 7200, clientAddress, nonce, protocol: 0, internalPort: 0 },
      ...{ externalPort: 0, externalAddress: any },
    },
  ],
  mapPinhole: [
    "MAP IPv6 firewall pinhole: UDP 8080",
    `02010000 00001c20 20010db8 00010000 00000000 00000010 a0a1a2a3 a4a5a6a7 a8a9aaab 11000000
     1f900000 00000000 00000000 00000000 00000000`,
    {
      ...{ type: "map", lifetime: 7200, clientAddress: clientAddress6, ...tcp, protocol: 17 },
      ...{ externalPort: 0, externalAddress: IpAddress.ANY_IPV6 },
    },
  ],
  peerRequest: [
    "PEER request: TCP 51000 to 198.51.100.7:443, 3600 s",
    `02020000 00000e10 00000000 00000000 0000ffff c0a8010a a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     c7380000 00000000 00000000 0000ffff 00000000 01bb0000 00000000 00000000 0000ffff c6336407`,
    { type: "peer", lifetime: 3600, clientAddress, ...flow, externalPort: 0, externalAddress: any },
  ],
  mapWithFilterAndDescription: [
    "MAP request with FILTER and DESCRIPTION",
    `02010000 00000258 00000000 00000000 0000ffff c0a8010a a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     1f900000 00000000 00000000 0000ffff 00000000 03000014 00780000 00000000 00000000 0000ffff
     c6336400 80000003 77656200`,
    {
      ...{ type: "map", lifetime: 600, clientAddress, ...tcp, externalPort: 0 },
      ...{ externalAddress: any, options: [filter24, web] },
    },
  ],
  paInitiation: [
    "RFC 7652 PA-Initiation, NONCE deadbeef",
    `0203000e 00000000 00000000 00000000 0000ffff c0a8010a 00000000 00000000 04000004 deadbeef`,
    {
      ...{ type: "other", opcode: 3, reserved: 14, lifetime: 0, clientAddress },
      ...{ data: new Uint8Array(8), options: [{ type: "nonce", value: 0xdeadbeef }] },
    },
  ],
} satisfies Record<string, Golden<RequestInit>>;

/** PCP responses. */
export const RESPONSES = {
  announceResponse: [
    "ANNOUNCE response",
    "02800000 00000000 000003e8 00000000 00000000 00000000",
    { type: "announce", result: 0, lifetime: 0, epoch: 1000 },
  ],
  mapSuccess: [
    "MAP success: 203.0.113.5:40000 for 3600 s",
    `02810000 00000e10 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     1f909c40 00000000 00000000 0000ffff cb007105`,
    {
      ...{ type: "map", result: 0, lifetime: 3600, epoch: 1000, ...tcp },
      ...{ externalPort: 40000, externalAddress: external },
    },
  ],
  mapDeleteSuccess: [
    "MAP delete success",
    `02810000 00000000 000003f2 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     1f900000 00000000 00000000 0000ffff 00000000`,
    {
      ...{ type: "map", result: 0, lifetime: 0, epoch: 1010, ...tcp },
      ...{ externalPort: 0, externalAddress: any },
    },
  ],
  mapNoResources: [
    "MAP error: NO_RESOURCES, 30 s",
    `02810008 0000001e 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     1f900000 00000000 00000000 0000ffff 00000000`,
    {
      ...{ type: "map", result: 8, lifetime: 30, epoch: 1000, ...tcp },
      ...{ externalPort: 0, externalAddress: any },
    },
  ],
  mapPinholeSuccess: [
    "MAP success on a pure firewall",
    `02810000 00001c20 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab 11000000
     1f901f90 20010db8 00010000 00000000 00000010`,
    {
      ...{ type: "map", result: 0, lifetime: 7200, epoch: 1000, ...tcp, protocol: 17 },
      ...{ externalPort: 8080, externalAddress: clientAddress6 },
    },
  ],
  peerSuccess: [
    "PEER success",
    `02820000 00000e10 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab 06000000
     c738c738 00000000 00000000 0000ffff cb007105 01bb0000 00000000 00000000 0000ffff c6336407`,
    {
      ...{ type: "peer", result: 0, lifetime: 3600, epoch: 1000, ...flow },
      ...{ externalPort: 51000, externalAddress: external },
    },
  ],
  unsupportedVersion3: [
    "UNSUPP_VERSION from a server that speaks only version 3",
    "03810001 00000708 000003e8 00000000 00000000 00000000",
    {
      ...{ type: "other", version: 3, opcode: 1, reserved: 0, data: nothing },
      ...{ result: 1, lifetime: 1800, epoch: 1000 },
    },
  ],
} satisfies Record<string, Golden<ResponseInit>>;

/** Options by themselves. */
export const OPTIONS = {
  thirdPartyOption: [
    "THIRD_PARTY 192.168.1.99",
    "01000010 00000000 00000000 0000ffff c0a80163",
    { type: "thirdParty", address: ip("192.168.1.99") },
  ],
  preferFailureOption: ["PREFER_FAILURE", "02000000", { type: "preferFailure" }],
  filterOption: [
    "FILTER 198.51.100.0/24 any port (C-13.3-1)",
    "03000014 00780000 00000000 00000000 0000ffff c6336400",
    filter24,
  ],
  filterIpv6Option: [
    "FILTER 2001:db8:9::/64 port 443",
    "03000014 004001bb 20010db8 00090000 00000000 00000000",
    { type: "filter", prefixLength: 64, remotePort: 443, remoteAddress: ip("2001:db8:9::") },
  ],
  removeFiltersOption: [
    "FILTER remove-all (F-09)",
    "03000014 00000000 00000000 00000000 00000000 00000000",
    { type: "filter", prefixLength: 0, remotePort: 0, remoteAddress: IpAddress.ANY_IPV6 },
  ],
  descriptionOption: [
    "DESCRIPTION web, one octet of padding (C-7.3-1, E-7220-1)",
    "80000003 77656200",
    web,
  ],
  eraseDescriptionOption: ["DESCRIPTION erase (E-7220-4)", "80000000", {
    type: "description",
    text: "",
  }],
  prefix64Request: [
    "PREFIX64 request form, list omitted (E-7225-1, F-17)",
    "8100000e 000c0000 00000000 00000000 00000000",
    { type: "prefix64", prefix: new Uint8Array(12), suffix: nothing, ipv4Prefixes: undefined },
  ],
  prefix64RequestEmptyList: [
    "PREFIX64 request form, count 0 present (E-7225-1, F-17)",
    "81000010 000c0000 00000000 00000000 00000000",
    { type: "prefix64", prefix: new Uint8Array(12), suffix: nothing, ipv4Prefixes: [] },
  ],
  prefix64Response: [
    "PREFIX64 response: 2001:db8:122:300::/56, null suffix, 192.0.2.0/24",
    "81000016 00072001 0db80122 03000000 00000001 0018c000 02000000",
    {
      type: "prefix64",
      prefix: Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03),
      suffix: new Uint8Array(5),
      ipv4Prefixes: [{ address: ip("192.0.2.0"), prefixLength: 24 }],
    },
  ],
  portSetOption: [
    "PORT_SET 100 ports from 50000 (E-7753-1)",
    "82000005 0064c350 00000000",
    { type: "portSet", size: 100, firstInternalPort: 50000, parity: false },
  ],
  portSetParityOption: [
    "PORT_SET with the parity bit (E-7753-9)",
    "82000005 0064c350 01000000",
    { type: "portSet", size: 100, firstInternalPort: 50000, parity: true },
  ],
  thirdPartyIdOption: [
    "THIRD_PARTY_ID: 20-bit label 0x12345 (E-7843-2)",
    "0d000003 12345000",
    { type: "thirdPartyId", id: Uint8Array.of(0x12, 0x34, 0x50) },
  ],
  checkpointRequiredOption: ["CHECKPOINT_REQUIRED", "c0000000", { type: "checkpointRequired" }],
} satisfies Record<string, Golden<Option>>;

/** NAT-PMP requests. */
export const NATPMP_REQUESTS = {
  natPmpAddressRequest: ["external address request", "0000", { type: "externalAddress" }],
  natPmpMapUdp: [
    "map UDP 8080",
    "00010000 1f900000 00001c20",
    { type: "map", protocol: 17, internalPort: 8080, externalPort: 0, lifetime: 7200 },
  ],
  natPmpMapTcp: [
    "map TCP 8080 suggesting 8080",
    "00020000 1f901f90 00001c20",
    { type: "map", protocol: 6, internalPort: 8080, externalPort: 8080, lifetime: 7200 },
  ],
  natPmpDeleteUdp: [
    "delete UDP 8080",
    "00010000 1f900000 00000000",
    { type: "map", protocol: 17, internalPort: 8080, externalPort: 0, lifetime: 0 },
  ],
  natPmpDeleteAllTcp: [
    "delete all TCP",
    "00020000 00000000 00000000",
    { type: "map", protocol: 6, internalPort: 0, externalPort: 0, lifetime: 0 },
  ],
} satisfies Record<string, Golden<NatPmpRequest>>;

/** NAT-PMP responses. */
export const NATPMP_RESPONSES = {
  natPmpVersionError: [
    "version error, figure form (F-01)",
    "00000001 000003e8",
    { type: "error", opcode: undefined, result: 1, epoch: 1000 },
  ],
  natPmpVersionErrorWithOpcode: [
    "version error, form with response opcode (F-01)",
    "00810001 000003e8",
    { type: "error", opcode: 1, result: 1, epoch: 1000 },
  ],
  natPmpAddressResponse: [
    "external address response",
    "00800000 000003e8 cb007105",
    { type: "externalAddress", result: 0, epoch: 1000, address: external },
  ],
  natPmpAddressError: [
    "external address error 3",
    "00800003 000003e8 00000000",
    { type: "externalAddress", result: 3, epoch: 1000, address: any },
  ],
  natPmpMapUdpSuccess: [
    "map UDP success: port 40000, 3600 s",
    "00810000 000003e8 1f909c40 00000e10",
    {
      ...{ type: "map", result: 0, epoch: 1000, protocol: 17 },
      ...{ internalPort: 8080, externalPort: 40000, lifetime: 3600 },
    },
  ],
  natPmpDeleteUdpSuccess: [
    "delete UDP 8080 success",
    "00810000 000003e8 1f900000 00000000",
    {
      ...{ type: "map", result: 0, epoch: 1000, protocol: 17 },
      ...{ internalPort: 8080, externalPort: 0, lifetime: 0 },
    },
  ],
} satisfies Record<string, Golden<NatPmpResponse>>;

/** DHCPv4 option 158: server A with one address, server B with two. */
export const DHCPV4: Golden<IpAddress[][]> = [
  "DHCPv4 option 158 (E-7291-2)",
  "9e0e04c0 00020108 c6336401 c6336402",
  [[ip("192.0.2.1")], [ip("198.51.100.1"), ip("198.51.100.2")]],
];

/** DHCPv6 option 86: one server with an address of either family. */
export const DHCPV6: Golden<IpAddress[][]> = [
  "DHCPv6 option 86 (E-7291-2)",
  `00560020 20010db8 00000000 00000000 00000001 00000000 00000000 0000ffff c0000201`,
  [[ip("2001:db8::1"), ip("192.0.2.1")]],
];

const ALL = { ...REQUESTS, ...RESPONSES, ...OPTIONS, ...NATPMP_REQUESTS, ...NATPMP_RESPONSES };

/** The octets of each golden message and option, as `hex()` writes them. */
export const golden = Object.fromEntries(
  Object.entries<Golden<unknown>>(ALL).map(([key, [, text]]) => [key, hex(octets(text))]),
) as Readonly<Record<keyof typeof ALL, string>>;
