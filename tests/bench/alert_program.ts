/** `alert_program.ts PORT COUNT`: prints how long each datagram took from the transport to the body of a `for await`. */

// deno-lint-ignore-file no-console -- a program
import { Client, InboundMap, RequestType } from "../../mod.ts";
import { defaultNetwork } from "../../src/transport/open.ts";
import type { Network } from "../../src/transport/transport.ts";

const [port = 0, count = 1] = Deno.args.map(Number);
let arrived = 0;

function timed(network: Network): Network {
  return {
    name: network.name,
    open: (options, sink) =>
      network.open(options, {
        datagram: (bytes, source) => {
          arrived = performance.now();
          sink.datagram(bytes, source);
        },
        error: (error) => sink.error(error),
      }),
  };
}

const times: number[] = [];
const handle = await Client.start("127.0.0.1", "127.0.0.1", {
  port,
  network: timed(defaultNetwork()),
});
for (let id = 1; id <= count; id++) {
  for await (const alert of handle.request(new InboundMap(id, 7_200), RequestType.KeepAlive)) {
    if (alert.type !== "stateChange" || alert.state.type !== "running") continue;
    times.push((performance.now() - arrived) * 1_000);
    break;
  }
}
await handle.shutdown({ keep: true });
console.log(JSON.stringify(times));
