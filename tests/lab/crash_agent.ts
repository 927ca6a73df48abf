/**
 * A program that is killed at any moment: it has again what its state file says it had, then asks for, renews and revokes
 * mappings of a few ports at random until it is killed. With `finish` it deletes what is left instead, and ends.
 */
import { Client, FileStore, type Handle, InboundMap, type MapHandle } from "../../mod.ts";
import { print } from "./orders.ts";

const PORTS = [6000, 6001, 6002, 6003];

async function main([path = "", task = ""]: readonly string[]): Promise<void> {
  print({ event: "begun" });
  const handle = await Client.start("192.168.77.2", "192.168.77.1", { store: new FileStore(path) });
  void tellErrors(handle);
  const left = handle.leftovers.map(({ internalPort }) => internalPort);
  // Half of what is left is not wanted any more by who finishes.
  const wanted = task === "finish" ? left.filter((port) => port % 2 === 0) : left;
  const had = await Promise.all(wanted.map(async (port) => {
    const mapping = handle.request(new InboundMap(port, LIFETIME));
    return [port, (await mapping.ready()).externalPort, mapping] as const;
  }));
  print({ event: "had again", left, ports: had.map(([port, external]) => [port, external]) });
  if (task !== "finish") {
    await Promise.all(
      PORTS.map((port) => live(handle, port, had.find(([each]) => each === port)?.[2])),
    );
  }
  await handle.deleteLeftovers();
  print({ event: "finished", ...await handle.shutdown() });
}

/** Something happens to the mapping of one port, again and again. */
async function live(handle: Handle, port: number, before: MapHandle | undefined): Promise<never> {
  let mapping = before;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    if (mapping === undefined) {
      const wish = 20_000 + Math.floor(Math.random() * 40_000);
      mapping = handle.request(new InboundMap(port, LIFETIME).externalPort(wish));
      if (Math.random() < 0.7) await mapping.ready();
    } else if (Math.random() < 0.5) {
      const revoked = mapping.revoke();
      mapping = undefined;
      if (Math.random() < 0.7) await revoked; // else the next request comes while the deletion is under way
    } else if (mapping.assigned !== undefined) {
      mapping.renew(LIFETIME + Math.floor(Math.random() * 100));
    }
  }
}

async function tellErrors(handle: Handle): Promise<void> {
  for await (const { name, message } of handle.errors()) print({ event: "error", name, message });
}

const LIFETIME = 600;

if (import.meta.main) await main(Deno.args);
