/** A program whose gateway speaks PCP loads nothing of UPnP: the modules of a real process, as the coverage lists them. */

import { assert, assertEquals } from "@std/assert";
import { startLoopbackServer } from "../../src/testing/loopback.ts";
import type { GatewayProtocol } from "../../src/testing/server/server_options.ts";

const ROOT = new URL("../../", import.meta.url);

for (const [protocol, expected] of [["pcp", false], ["nat-pmp", false], ["upnp", true]] as const) {
  Deno.test(`a gateway of ${protocol} makes a program load ${expected ? "what speaks" : "nothing of"} UPnP (U-1.7)`, async () => {
    const loaded = await modulesWith(protocol);
    assert(loaded.some((file) => file.endsWith("src/client/handle.ts")), loaded.join("\n"));
    const ofUpnp = [
      "src/igd/igd.ts",
      "src/client/network/upnp_driver.ts",
      "src/transport/node_stream.ts",
    ];
    const found = ofUpnp.filter((file) => loaded.some((each) => each.endsWith(file)));
    assertEquals(found, expected ? ofUpnp : []);
  });
}

/** The modules that a program loads which opens and closes a port at a simulated gateway. */
async function modulesWith(protocol: GatewayProtocol): Promise<string[]> {
  const host = await startLoopbackServer({ protocols: [protocol] });
  const folder = await Deno.makeTempDir({ prefix: "pcp-modules-" });
  try {
    const program = `
      import { Client, InboundMap } from "${new URL("mod.ts", ROOT)}";
      const handle = await Client.start("127.0.0.1", "127.0.0.1", { port: ${host.local.port} });
      console.log((await handle.request(new InboundMap(6000, 600)).ready()).protocol);
      await handle.shutdown();`;
    const path = `${folder}/program.ts`;
    await Deno.writeTextFile(path, program);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `--coverage=${folder}/modules`, path],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assertEquals(text.decode(stdout), `${protocol}\n`, text.decode(stderr));
    const modules = [];
    for await (const { name } of Deno.readDir(`${folder}/modules`)) {
      if (!name.endsWith(".json")) continue;
      modules.push(JSON.parse(await Deno.readTextFile(`${folder}/modules/${name}`)).url as string);
    }
    return modules;
  } finally {
    host.close();
    await Deno.remove(folder, { recursive: true });
  }
}
