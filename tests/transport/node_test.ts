import { assert } from "@std/assert";
import { nodeNetwork } from "../../src/transport/node.ts";
import { conformance } from "./conformance.ts";
import { Inbox } from "./inbox.ts";
import { hasIpv6Loopback } from "./loopback.ts";

conformance("node:dgram", { network: () => nodeNetwork, ipv6: hasIpv6Loopback() });

Deno.test("node:dgram: Deno does not allocate 64 KiB for each datagram", async () => {
  const inbox = new Inbox();
  const transport = await nodeNetwork.open({ hostname: "127.0.0.1", port: 0 }, inbox);
  try {
    const sizes: number[] = [];
    for (let i = 0; i < 3; i++) {
      await transport.send(new Uint8Array(60), transport.local);
      sizes.push((await inbox.next()).bytes.buffer.byteLength);
    }
    // The first receive starts before the buffer size of the socket can be set.
    assert(sizes.slice(1).every((size) => size <= 4096), `allocated ${sizes}`);
  } finally {
    transport.close();
  }
});
