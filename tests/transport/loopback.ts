/** Whether this computer has the IPv6 loopback address; many containers have none. */
export function hasIpv6Loopback(): boolean {
  return Deno.networkInterfaces().some(({ address }) => address === "::1");
}
