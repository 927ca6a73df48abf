import type { IpAddress } from "../wire/address.ts";
import type { HttpLocation } from "../wire/igd/http_location.ts";

/** Where something is read: the address that was checked, with port and path as the device names them. */
export interface Location {
  readonly address: IpAddress;
  readonly http: HttpLocation;
}
