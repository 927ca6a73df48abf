/**
 * The server of the bench, a process of its own: `responder.ts [--lifetime SECONDS] [--drop PERCENT --seed N]`. Says its
 * port in its first line, then takes a command a line (`restart`, `reset`, `report`) and answers each with its counts.
 *
 * Its receive buffer holds no more than any other, some 190 requests: a client that sends more at once loses them.
 */

// deno-lint-ignore-file no-console -- a program
import { ResponderTable } from "./responder_table.ts";
import { cpuTime } from "./this_process.ts";

/** Not @std/cli: every module takes its time to load. */
function option(name: string): number {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? 0 : Number(Deno.args[at + 1]);
}

const now = (): number => performance.timeOrigin + performance.now();

const table = new ResponderTable(
  { lifetime: option("lifetime"), drop: option("drop"), seed: option("seed") },
  now(),
);
const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });

async function answerAll(): Promise<never> {
  const incoming = new Uint8Array(1_100);
  const request = new DataView(incoming.buffer);
  // Sends are not waited for: none of the last 256 answers is overwritten before it has left.
  const replies = Array.from({ length: 256 }, () => {
    const bytes = new Uint8Array(80);
    const [announce, map, peer] = [bytes.subarray(0, 24), bytes.subarray(0, 60), bytes];
    return { view: new DataView(bytes.buffer), ofLength: { 24: announce, 60: map, 80: peer } };
  });
  for (let count = 0;; count++) {
    const [{ length }, source] = await socket.receive(incoming);
    const reply = replies[count & 255];
    if (reply === undefined) continue;
    const written = table.answer(request, length, reply.view, now());
    if (written === 24 || written === 60 || written === 80) {
      socket.send(reply.ofLength[written], source).catch(gone);
    }
  }
}

/** The client of a datagram before has closed its socket. */
function gone(): void {}

async function obeyAll(): Promise<void> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) obey(line);
  }
}

function obey(command: string): void {
  switch (command) {
    case "report":
      break;
    case "reset":
      table.reset();
      break;
    case "restart":
      table.restart(now());
      break;
    default:
      throw new Error(
        `Cannot obey: the commands are report, reset and restart, got "${command}"`,
      );
  }
  console.log(JSON.stringify({ ...table.counts, now: now(), cpu: cpuTime() }));
}

console.log(JSON.stringify({ port: (socket.addr as Deno.NetAddr).port }));
void answerAll();
await obeyAll();
Deno.exit();
