/**
 * As little as `minimal_client.ts` does, in typed arrays: what can be had at all. `slab_client.ts PORT COUNT LIFETIME [HOLD_SECONDS]`
 * asks for MAP of UDP ports 1 to COUNT, checks every nonce, repeats as RFC 6887 section 8.1.1 says, and renews between 1/2
 * and 5/8 of the lifetime in steps of a second, with never more than 64 requests in flight. It knows no options, epoch,
 * events, deletion or announcements. `--node` takes `node:dgram`.
 */

// deno-lint-ignore-file no-console -- a program
import { cpuTime, weight } from "./this_process.ts";

const began = performance.now();
const [port = 0, count = 1, lifetime = 120, hold = 0] = Deno.args
  .filter((arg) => !arg.startsWith("--")).map(Number);

const WINDOW = 64;
/** A request that nobody answers gives its place in the window to others after this long. */
const SLOT_TIME = 100;
const nonces = new Uint32Array(3 * count);
for (let at = 0; at < nonces.length; at += 16_384) {
  crypto.getRandomValues(nonces.subarray(at, at + 16_384)); // takes no more at once
}
/** When the request that is not answered yet left, 0 for none; how long to wait for the answer, 0 before the first try. */
const sentAt = new Float64Array(count);
const wait = new Float64Array(count);
/** What is to be renewed, by second; the next one to look at. */
const due: number[][] = [];
let second = 0;
let queue: number[] = Array.from({ length: count }, (_, id) => id);
let next = 0;
let inFlight: number[] = [];
let free = WINDOW;
let granted = 0;
let sent = 0;
let repeated = 0;
const { promise: allGranted, resolve } = Promise.withResolvers<void>();

/** The addresses never change: 127.0.0.1, and ::ffff:0:0 for no preference. */
const requests = Array.from({ length: 2 * WINDOW }, () => {
  const view = new DataView(new ArrayBuffer(60));
  view.setInt32(0, 0x0201_0000);
  view.setUint32(4, lifetime);
  view.setInt32(16, 0xffff);
  view.setInt32(20, 0x7f00_0001);
  view.setInt32(36, 17 << 24);
  view.setInt32(52, 0xffff);
  return { view, bytes: new Uint8Array(view.buffer) };
});

function ask(id: number): void {
  const request = requests[sent++ % requests.length];
  if (request === undefined) return;
  for (let word = 0; word < 3; word++) {
    request.view.setUint32(24 + 4 * word, nonces[3 * id + word] ?? 0);
  }
  request.view.setUint16(40, id + 1);
  sentAt[id] = performance.now();
  if (wait[id] !== 0) repeated++;
  wait[id] = (2 * (wait[id] ?? 0) || 3_000) * (0.9 + Math.random() / 5);
  inFlight.push(id);
  send(request.bytes);
}

function askMore(): void {
  for (; free > 0 && next < queue.length; free--) ask(queue[next++] ?? 0);
}

function received(view: DataView, length: number): void {
  const id = view.getUint16(40) - 1;
  if (length !== 60 || view.getInt32(0) !== 0x0281_0000 || !(sentAt[id] ?? 0)) return;
  for (let word = 0; word < 3; word++) {
    if (view.getUint32(24 + 4 * word) !== nonces[3 * id + word]) return;
  }
  const now = performance.now();
  if (now - (sentAt[id] ?? 0) < SLOT_TIME) free++;
  sentAt[id] = wait[id] = 0;
  const lives = view.getUint32(4);
  const renewal = Math.ceil(now / 1_000 + lives / 2 + Math.random() * Math.max(0, lives / 8 - 1));
  (due[renewal] ??= []).push(id);
  if (++granted === count) resolve();
  askMore();
}

/** Once a second, and ten times as often while something is awaited. */
function look(): void {
  const now = performance.now();
  const old = inFlight;
  inFlight = [];
  free = WINDOW;
  for (const id of old) {
    const age = now - (sentAt[id] ?? 0);
    if (sentAt[id] === 0) continue;
    if (age < SLOT_TIME) free--;
    if (age >= (wait[id] ?? 0)) queue.push(id);
    else inFlight.push(id);
  }
  for (; second <= now / 1_000; second++) {
    const renewals = due[second];
    if (renewals === undefined) continue;
    queue = queue.slice(next).concat(renewals);
    next = 0;
    delete due[second];
  }
  askMore();
  const isBusy = inFlight.length > 0 || next < queue.length;
  setTimeout(look, isBusy ? SLOT_TIME : 1_000 - performance.now() % 1_000);
}

let send: (bytes: Uint8Array) => void;
const hostname = "127.0.0.1";
if (Deno.args.includes("--node")) {
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.bind(0, hostname, done));
  socket.setRecvBufferSize(1_100);
  socket.on("message", (bytes) => {
    received(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length);
  });
  send = (bytes) => socket.send(bytes, port, hostname);
} else {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const to = { transport: "udp", hostname, port } as const;
  send = (bytes) => void socket.send(bytes, to);
  void (async () => {
    const buffer = new Uint8Array(1_100);
    const view = new DataView(buffer.buffer);
    for (;;) {
      const [{ length }] = await socket.receive(buffer);
      received(view, length);
    }
  })();
}
look();
await allGranted;
const run = performance.now() - began;
const { cpu, peak } = weight();
const atOnce = { run, cpu, peak, sent, repeated };
let held = {};
if (hold > 0) {
  const before = cpuTime();
  const sentBefore = sent;
  await new Promise((done) => setTimeout(done, hold * 1_000));
  const { cpu, peak, rss } = weight();
  held = { heldCpu: cpu - before, heldPeak: peak, heldRss: rss, heldSent: sent - sentBefore };
}
console.log(JSON.stringify({ ...atOnce, ...held, repeated }));
Deno.exit();
