/**
 * The floor: the least that a client has to do, with one object for each mapping. `minimal_client.ts CLIENT SERVER PORT COUNT
 * LIFETIME [HOLD_SECONDS]` requests MAP of UDP ports 1 to COUNT, checks every nonce, repeats as RFC 6887 section 8.1.1 says, and renews
 * between 1/2 and 5/8 of the lifetime (section 11.2.1) in steps of a second, with never more than 64 requests in flight. It
 * knows no options, epoch, events, deletion or announcements.
 */

// deno-lint-ignore-file no-console -- a program
import { cpuTime, peakMemory } from "./this_process.ts";

const began = performance.now();
const [client = "", gateway = ""] = Deno.args;
const [port = 0, count = 1, lifetime = 120, hold = 0] = Deno.args.slice(2).map(Number);

const WINDOW = 64;
/** A request without a response leaves the window to others after so many milliseconds. */
const SLOT_TIME = 100;

/** One mapping. */
interface Mapping {
  /** Its request, written once. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** When the request under way left; 0 without one. */
  sentAt: number;
  /** How long to wait for its response; 0 before the first request. */
  wait: number;
}

const byNonce = new Map<number, Mapping>();

/** The mappings to renew, by second, and the next second to serve. */
const due: Mapping[][] = [];
let second = 0;
let queue: Mapping[] = Array.from({ length: count }, (_, index) => mapping(index + 1));
let next = 0;
let inFlight: Mapping[] = [];
let free = WINDOW;
let granted = 0;
const { promise: allGranted, resolve } = Promise.withResolvers<void>();

/** The client address is an IPv4 one, the suggested external address ::ffff:0:0, which is none. */
function mapping(internalPort: number): Mapping {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 0x0201_0000);
  view.setUint32(4, lifetime);
  view.setInt32(16, 0xffff);
  bytes.set(client.split(".").map(Number), 20);
  crypto.getRandomValues(bytes.subarray(24, 36));
  view.setInt32(36, 17 << 24);
  view.setUint16(40, internalPort);
  view.setInt32(52, 0xffff);
  const made: Mapping = { bytes, view, sentAt: 0, wait: 0 };
  byNonce.set(keyOf(view), made);
  return made;
}

/** 53 bits of the nonce: of 60,000 values of 32 bits, two would often be the same. */
function keyOf(view: DataView): number {
  return view.getUint32(24) * 0x20_0000 + (view.getUint32(28) >>> 11);
}

function send(mapping: Mapping): void {
  mapping.sentAt = performance.now();
  mapping.wait = (2 * mapping.wait || 3_000) * (0.9 + Math.random() / 5);
  inFlight.push(mapping);
  void socket.send(mapping.bytes, server);
}

function sendMore(): void {
  for (; free > 0 && next < queue.length; free--) {
    const mapping = queue[next++];
    if (mapping !== undefined) send(mapping);
  }
}

function received(view: DataView, length: number): void {
  if (length !== 60 || view.getInt32(0) !== 0x0281_0000) return;
  const mapping = byNonce.get(keyOf(view));
  if (mapping === undefined || mapping.sentAt === 0) return;
  for (let offset = 24; offset < 40; offset += 4) { // nonce and protocol
    if (view.getUint32(offset) !== mapping.view.getUint32(offset)) return;
  }
  if (view.getUint16(40) !== mapping.view.getUint16(40)) return;
  const now = performance.now();
  if (now - mapping.sentAt < SLOT_TIME) free++;
  mapping.sentAt = mapping.wait = 0;
  const lives = view.getUint32(4);
  const renewal = Math.ceil(now / 1_000 + lives / 2 + Math.random() * Math.max(0, lives / 8 - 1));
  (due[renewal] ??= []).push(mapping);
  if (++granted === count) resolve();
  sendMore();
}

/** Once a second, and ten times as often while a response is pending. */
function tick(): void {
  const now = performance.now();
  const old = inFlight;
  inFlight = [];
  free = WINDOW;
  for (const mapping of old) {
    const age = now - mapping.sentAt;
    if (mapping.sentAt === 0) continue;
    if (age < SLOT_TIME) free--;
    if (age >= mapping.wait) queue.push(mapping);
    else inFlight.push(mapping);
  }
  for (; second <= now / 1_000; second++) {
    const renewals = due[second];
    if (renewals === undefined) continue;
    queue = queue.slice(next).concat(renewals);
    next = 0;
    delete due[second];
  }
  sendMore();
  const isBusy = inFlight.length > 0 || next < queue.length;
  setTimeout(tick, isBusy ? SLOT_TIME : 1_000 - performance.now() % 1_000);
}

const socket = Deno.listenDatagram({ transport: "udp", hostname: client, port: 0 });
const server = { transport: "udp", hostname: gateway, port } as const;
void (async () => {
  const buffer = new Uint8Array(1_100);
  const view = new DataView(buffer.buffer);
  for (;;) {
    const [{ length }] = await socket.receive(buffer);
    received(view, length);
  }
})();
tick();
await allGranted;
const run = performance.now() - began;
let cpu = cpuTime();
if (hold > 0) {
  await new Promise((done) => setTimeout(done, hold * 1_000));
  cpu = cpuTime() - cpu;
}
console.log(JSON.stringify({ run, cpu, peak: peakMemory() }));
Deno.exit();
