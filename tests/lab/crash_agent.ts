/**
 * A program to be killed at a random time: it requests the mappings of its state file again, then requests, renews and
 * revokes mappings of a few ports at random. With `finish` it deletes the leftovers instead, and ends.
 */
import { Client, FileStore, type Handle, InboundMap, type MapHandle } from "../../mod.ts";
import { print } from "./command_server.ts";

const PORTS = [6000, 6001, 6002, 6003];

async function main([path = "", task = ""]: readonly string[]): Promise<void> {
  print({ event: "begun" });
  const handle = await Client.start("192.168.77.2", "192.168.77.1", { store: new FileStore(path) });
  void printErrors(handle);
  const left = handle.leftovers.map(({ internalPort }) => internalPort);
  // With `finish`, half of the leftovers are deleted without a new request.
  const requested = task === "finish" ? left.filter((port) => port % 2 === 0) : left;
  const restored = await Promise.all(requested.map(async (port) => {
    const mapping = handle.request(new InboundMap(port, LIFETIME));
    return [port, (await mapping.ready()).externalPort, mapping] as const;
  }));
  print({ event: "restored", left, ports: restored.map(([port, external]) => [port, external]) });
  if (task !== "finish") {
    await Promise.all(
      PORTS.map((port) => live(handle, port, restored.find(([each]) => each === port)?.[2])),
    );
  }
  await handle.deleteLeftovers();
  print({ event: "finished", ...await handle.shutdown() });
}

/** Requests, renews and revokes the mapping of a port at random. */
async function live(handle: Handle, port: number, before: MapHandle | undefined): Promise<never> {
  let mapping = before;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    if (mapping === undefined) {
      const suggestion = 20_000 + Math.floor(Math.random() * 40_000);
      mapping = handle.request(new InboundMap(port, LIFETIME).externalPort(suggestion));
      if (Math.random() < 0.7) await mapping.ready();
    } else if (Math.random() < 0.5) {
      const revoked = mapping.revoke();
      mapping = undefined;
      if (Math.random() < 0.7) await revoked; // otherwise the next request is made during the deletion
    } else if (mapping.assigned !== undefined) {
      mapping.renew(LIFETIME + Math.floor(Math.random() * 100));
    }
  }
}

async function printErrors(handle: Handle): Promise<void> {
  for await (const { name, message } of handle.errors()) print({ event: "error", name, message });
}

const LIFETIME = 600;

if (import.meta.main) await main(Deno.args);
