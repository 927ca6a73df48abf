import { assertEquals } from "@std/assert";
import { type TraceEvent, tracer } from "../../src/client/trace.ts";
import { hex, octets } from "../helpers/hex.ts";

Deno.test("A trace event keeps the octets of its datagram when the transport reuses the buffer", () => {
  const seen: TraceEvent[] = [];
  const trace = tracer((event) => seen.push(event));
  const buffer = octets("02800000 00000000 0000002a 00000000 00000000 00000000");
  const remote = { hostname: "192.168.1.1", port: 5351 };
  trace({ at: 1, direction: "received", remote, bytes: buffer, ignored: undefined });
  const before = hex(buffer);
  buffer.fill(0xff);
  assertEquals(seen.map(({ bytes }) => hex(bytes)), [before]);
});
