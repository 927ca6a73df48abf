/** Which ports the VS Code extension offers: those that programs of this computer listen on. */

import { assertEquals } from "@std/assert";
import {
  listeningPorts,
  readLsof,
  readNetstat,
  readProcNet,
} from "../../examples/vscode/src/listening.ts";

const TCP =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0 0 10 0
   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1 0 100 0 0 10 0
   2: 6501A8C0:9C40 0101A8C0:0050 01 00000000:00000000 00:00000000 00000000     0        0 14 1 0 100 0 0 10 0
`;

const TCP6 = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A
   1: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A
   2: 0000000000000000FFFF00000100007F:1F92 00000000000000000000000000000000:0000 0A
`;

const UDP = `  sl  local_address rem_address   st
   0: 00000000:14E9 00000000:0000 07
   1: 00000000:9C40 00000000:0000 07
   2: 6501A8C0:0FA0 0101A8C0:0035 01
`;

const LSOF = `p501
f12
n*:3000
p502
f7
n127.0.0.1:631
f8
n[::1]:5432
`;

const NETSTAT = `
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status
  TCP    0.0.0.0:135            0.0.0.0:0              ABH\u00d6REN
  TCP    127.0.0.1:5354         0.0.0.0:0              ABH\u00d6REN
  TCP    192.168.1.101:49712    192.0.2.7:443          HERGESTELLT
  TCP    [::]:8080              [::]:0                 ABH\u00d6REN
`;

Deno.test("readProcNet() reads listening sockets, and which of them the router cannot reach", () => {
  const tcp = (port: number, isLocalOnly: boolean) => ({ protocol: "tcp", port, isLocalOnly });
  assertEquals<unknown>(readProcNet(TCP, "tcp"), [tcp(8080, true), tcp(3000, false)]);
  assertEquals<unknown>(readProcNet(TCP6, "tcp"), [
    tcp(631, true),
    tcp(8081, false),
    tcp(8082, true),
  ]);
  assertEquals(readProcNet(UDP, "udp"), [{ protocol: "udp", port: 5353, isLocalOnly: false }]);
  assertEquals(readProcNet("", "tcp"), []);
  assertEquals(readProcNet("garbage\nmore: garbage\n", "tcp"), []);
});

Deno.test("readLsof() and readNetstat() read listening sockets in any language", () => {
  const read = (found: ReturnType<typeof readLsof>) => {
    return found.map(({ port, isLocalOnly }) => [port, isLocalOnly]);
  };
  assertEquals(read(readLsof(LSOF)), [[3000, false], [631, true], [5432, true]]);
  assertEquals(read(readNetstat(NETSTAT)), [[135, false], [5354, true], [8080, false]]);
});

Deno.test({
  name: "listeningPorts() finds a port of this computer, once",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using everywhere = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    const { port } = everywhere.addr;
    using _local = Deno.listen({ hostname: "::1", port });
    const found = await listeningPorts();
    assertEquals(found.filter((each) => each.port === port), [
      { protocol: "tcp", port, isLocalOnly: false },
    ]);
    const ports = found.map((each) => each.port);
    assertEquals(ports, ports.toSorted((one, other) => one - other));
  },
});
