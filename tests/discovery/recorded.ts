/**
 * What programs and files of a host show, in `recorded/`, one transcript a host: each line that begins with `$` is a command, the
 * lines after it are its output. Where no such host was at hand (dummy and WireGuard interfaces, macOS, BSD, Windows) the output
 * is written after the documentation of the program.
 */

import type { Answers } from "./fake_system.ts";
import { SystemError } from "../../src/discovery/discovery_error.ts";
import type { LocalAddress } from "../../src/discovery/system.ts";

/** The output of each command of a transcript. */
export async function transcript(name: string): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(new URL(`recorded/${name}.txt`, import.meta.url));
  const sections = text.split(/^\$ /m).slice(1).map((section) => {
    const end = section.indexOf("\n");
    return [section.slice(0, end), section.slice(end + 1)] as const;
  });
  return Object.fromEntries(sections);
}

/** A Linux host that runs `ip`. */
export async function byIp(name: string): Promise<Answers> {
  const denied = new SystemError("permissionDenied", "it is not permitted");
  return { programs: await transcript(name), addresses: denied };
}

/** The same host where `ip` is missing and files can be read. */
export async function byFiles(name: string): Promise<Answers> {
  const commands = await transcript(name);
  const files = Object.entries(commands).flatMap(([command, output]) =>
    command.startsWith("cat ") ? [[command.slice("cat ".length), output]] : []
  );
  return {
    files: Object.fromEntries(files),
    programs: NO_IP,
    addresses: localAddresses(commands["ip -j -d address"] ?? "[]"),
  };
}

const MISSING = new SystemError("programMissing", 'cannot run "ip": there is no such program');
const NO_IP = Object.fromEntries(
  ["address", "-4 route show default", "-6 route show default"].map((args) => {
    return [`ip -j -d ${args}`, MISSING];
  }),
);

/** The addresses that `networkInterfaces()` returns on this host. */
function localAddresses(json: string): LocalAddress[] {
  const links = JSON.parse(json) as {
    ifname: string;
    ifindex: number;
    addr_info: { local: string; prefixlen: number; scope: string }[];
  }[];
  return links.flatMap(({ ifname, ifindex, addr_info }) =>
    addr_info.map(({ local, prefixlen, scope }) => ({
      interface: ifname,
      address: local,
      prefixLength: prefixlen,
      scopeId: scope === "link" ? ifindex : 0,
    }))
  );
}
