/**
 * Starts clients that have never heard of the router, one after the other or several at once, and requests TCP port 6000
 * with each: `never_heard.ts CLIENT SERVER SECONDS AT_ONCE WAIT`. Prints how many were granted what, as a line of JSON.
 */
import { Client, InboundMap } from "../../mod.ts";
import { print } from "./command_server.ts";

/** How many clients ended how. */
export interface NeverHeard {
  /** Clients that were started. */
  clients: number;
  /** Clients whose first assignment was the router's. */
  right: number;
  /** Clients whose first assignment was forged. */
  forged: number;
  /** Of these, the clients that still had a forged assignment a second later. */
  kept: number;
  /** Clients without an assignment after the wait. */
  none: number;
}

async function main([client = "", server = "", seconds, atOnce, wait]: readonly string[]) {
  const counts: NeverHeard = { clients: 0, right: 0, forged: 0, kept: 0, none: 0 };
  const end = performance.now() + Number(seconds) * 1000;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) await tryOnce(client, server, Number(wait) * 1000, counts);
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, loop));
  print({ counts });
}

async function tryOnce(
  client: string,
  server: string,
  wait: number,
  counts: NeverHeard,
): Promise<void> {
  const handle = await Client.start(client, server);
  const mapping = handle.request(new InboundMap(PORT, 600));
  const address = (): string => String(mapping.assigned?.externalAddress ?? "");
  await Promise.race([mapping.ready().catch(() => undefined), sleep(wait)]);
  counts.clients++;
  if (address() === "") counts.none++;
  else if (address() !== FORGED) counts.right++;
  else {
    counts.forged++;
    await sleep(1_000);
    if (address() === FORGED) counts.kept++;
  }
  await handle.shutdown({ keep: address() === "" });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const PORT = 6000;
/** The address in the answers of attacker.py. */
const FORGED = "66.66.66.66";

if (import.meta.main) {
  await main(Deno.args);
  Deno.exit(0);
}
