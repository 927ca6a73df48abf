/** Builds a lab and keeps it until its stdin ends or it is killed, so that harness_test.ts can check the removal. */
import { startLab } from "./router.ts";

await using lab = await startLab();
await lab.listenInside("tcp", 6000);
Deno.stdout.writeSync(new TextEncoder().encode(`{"pid":${Deno.pid}}\n`));
await Deno.stdin.readable.pipeTo(new WritableStream());
