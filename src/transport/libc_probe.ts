import { type Milliseconds, systemClock } from "../clock.ts";
import type { ProbeOptions, SocketAddress } from "./transport.ts";
import { systemError, TransportError } from "./transport_error.ts";

/**
 * Probes with a connected socket of the C library of Linux, until the signal aborts. Rejects without that library, and without
 * the permission `ffi`.
 *
 * @param sends When the datagrams leave, after the start.
 */
export async function probe(
  { from, to, signal }: ProbeOptions,
  sends: readonly Milliseconds[],
): Promise<TransportError | undefined> {
  const library = Deno.dlopen("libc.so.6", FUNCTIONS);
  const { socket, close } = library.symbols;
  const descriptor = socket(from.includes(":") ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  try {
    connect(library, descriptor, from, to);
    const start = systemClock.now();
    for (let sent = 0; !signal.aborted;) {
      if (start + (sends[sent] ?? Infinity) <= systemClock.now()) {
        library.symbols.send(descriptor, new Uint8Array(0), 0n, 0);
        sent++;
      }
      const cause = takeError(library, descriptor);
      if (cause !== undefined) return new TransportError("receive", to, cause);
      await new Promise<void>((resolve) => systemClock.alarm(systemClock.now() + POLL, resolve));
    }
    return undefined;
  } finally {
    close(descriptor);
    library.close();
  }
}

/** Connects the socket. A call that fails leaves no error to take: then nothing is found. */
function connect({ symbols }: Libc, descriptor: number, from: string, to: SocketAddress): void {
  const [level, option] = from.includes(":") ? IPV6_RECVERR : IP_RECVERR;
  symbols.setsockopt(descriptor, level, option, Int32Array.of(1), 4);
  const local = encode(symbols, { hostname: from, port: 0 });
  const remote = encode(symbols, to);
  if (local === undefined || remote === undefined) return;
  symbols.bind(descriptor, local, local.length);
  symbols.connect(descriptor, remote, remote.length);
}

/** The error that came since the last call. */
function takeError({ symbols }: Libc, descriptor: number): Error | undefined {
  const value = new Int32Array(1);
  symbols.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, value, Uint32Array.of(value.byteLength));
  const [number = 0] = value;
  return number === 0 ? undefined : systemError(ERRORS[number] ?? `${number}`, "ICMP error");
}

/** `sockaddr_in` or `sockaddr_in6`; undefined if the text is no address. */
function encode(
  symbols: Libc["symbols"],
  { hostname, port }: SocketAddress,
): Uint8Array<ArrayBuffer> | undefined {
  const [address = "", scope] = hostname.split("%");
  const isIpv6 = address.includes(":");
  const bytes = new Uint8Array(isIpv6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  const family = isIpv6 ? AF_INET6 : AF_INET;
  new Uint16Array(bytes.buffer, 0, 1)[0] = family; // in the order of the machine
  view.setUint16(2, port);
  const octets = bytes.subarray(isIpv6 ? 8 : 4);
  if (symbols.inet_pton(family, text(address), octets) !== 1) return undefined;
  if (scope !== undefined) {
    new Uint32Array(bytes.buffer, 24, 1)[0] = symbols.if_nametoindex(text(scope));
  }
  return bytes;
}

/** A string as C has it. */
function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${value}\0`);
}

type Libc = Deno.DynamicLibrary<typeof FUNCTIONS>;

const FUNCTIONS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  inet_pton: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
} as const;

/** The numbers of Linux. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
/** Level and option: without it the system reports "port unreachable" only. */
const IP_RECVERR = [0, 11] as const;
const IPV6_RECVERR = [41, 25] as const;
const ERRORS: Readonly<Record<number, string>> = {
  101: "ENETUNREACH",
  111: "ECONNREFUSED",
  113: "EHOSTUNREACH",
};

/** Milliseconds between two calls that look for an error, which comes within a few. */
const POLL = 20;
