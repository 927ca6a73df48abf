/** Builds a lab and holds it until its stdin ends or it is killed, so that the harness can see what becomes of the lab. */
import { startLab } from "./router.ts";

await using lab = await startLab();
await lab.listenInside("tcp", 6000);
Deno.stdout.writeSync(new TextEncoder().encode(`{"pid":${Deno.pid}}\n`));
await Deno.stdin.readable.pipeTo(new WritableStream());
