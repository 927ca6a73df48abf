import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import { IpAddress } from "../../src/wire/address.ts";

/** The client of the golden messages. */
export const client4 = IpAddress.parse("192.168.1.10");
export const client6 = IpAddress.parse("2001:db8:1::10");
/** Its server. */
export const server4 = { address: IpAddress.parse("192.168.1.1"), port: 5351 };
export const server6 = { address: IpAddress.parse("2001:db8:1::1"), port: 5351 };
/** The external address that servers assign by default. */
export const external4 = IpAddress.parse("203.0.113.5");

/** TCP 8080 for 7200 s, as in the golden messages. */
export function mapSpec(changes: Partial<MappingSpec> = {}): MappingSpec {
  return {
    opcode: "map",
    protocol: 6,
    internalPort: 8080,
    lifetime: 7200,
    externalPort: 0,
    externalAddress: IpAddress.ANY_IPV4,
    options: [],
    ...changes,
  };
}

/** TCP 51000 to 198.51.100.7 port 443 for 3600 s, as in the golden messages. */
export function peerSpec(changes: Partial<MappingSpec> = {}): MappingSpec {
  return {
    opcode: "peer",
    protocol: 6,
    internalPort: 51000,
    lifetime: 3600,
    externalPort: 0,
    externalAddress: IpAddress.ANY_IPV4,
    remotePort: 443,
    remoteAddress: IpAddress.parse("198.51.100.7"),
    options: [],
    ...changes,
  };
}
