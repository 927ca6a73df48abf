/** A gateway of UPnP alone through the JSON-RPC server and the command line, as real processes. */

import { assertEquals } from "@std/assert";
import { run } from "../repl/command_line.ts";
import { INBOUND, RpcProcess } from "./rpc_process.ts";

Deno.test("JSON-RPC opens a port at a simulated gateway of UPnP, two of them side by side", async () => {
  await using server = await RpcProcess.initialized();
  for (const clientId of [1, 2]) {
    const started = await server.call("simulator/start", { protocols: ["upnp"] });
    const client = { client: "127.0.0.1", server: started["server"], port: started["port"] };
    assertEquals((await server.call("client/start", client))["clientId"], clientId);
    await server.call("mapping/request", { ...INBOUND, clientId });
    const mapping = await server.call("mapping/ready", { mappingId: clientId });
    const assigned = mapping["assigned"] as Record<string, unknown>;
    assertEquals([assigned["protocol"], assigned["externalPort"]], ["upnp", 6000]);
    const diagnosis = await server.call("client/diagnose", { clientId });
    assertEquals(diagnosis["protocol"], "UPnP");
    await server.call("mapping/revoke", { mappingId: clientId });
  }
});

Deno.test("the command line opens a port at a simulated gateway of UPnP", async () => {
  const { code, out } = await run(["map", "6000/tcp", "--json", "--simulate=upnp"]);
  const { assigned } = JSON.parse(out);
  assertEquals([code, assigned.protocol, assigned.externalPort], [0, "upnp", 6000]);
});
