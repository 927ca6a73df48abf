/**
 * A host of the lab: listens, calls, hears announcements and sends raw datagrams, on orders that arrive as lines of
 * JSON on stdin. It uses none of the library, so that what it sees is evidence.
 * What arrives unasked is printed as `{"event": …}`.
 */
import { createSocket, type Socket } from "node:dgram";
import { connect, createServer } from "node:net";
import { print, serveOrders } from "./orders.ts";

/** What the lab can ask of a host. Times in milliseconds; bytes in hexadecimal. */
export type Order =
  /** Answer whoever comes to this port with its text and the endpoint it came from. */
  | { do: "listen"; protocol: "tcp" | "udp"; address: string; port: number }
  /** Say `text` there and reply with the answer. */
  | {
    do: "call";
    protocol: "tcp" | "udp";
    address: string;
    port: number;
    text: string;
    timeout: number;
    localPort?: number;
  }
  /** Print every datagram that arrives for a multicast group; without `reuse` nobody else may have the port. */
  | { do: "hear"; group: string; interface: string; port: number; reuse: boolean }
  /** Send one datagram and reply with the one that comes back. */
  | { do: "ask"; from: string; address: string; port: number; bytes: string; timeout: number };

function perform(order: Order): Promise<string | undefined> {
  switch (order.do) {
    case "listen":
      return order.protocol === "tcp"
        ? listenTcp(order.address, order.port)
        : listenUdp(order.address, order.port);
    case "call":
      return order.protocol === "tcp" ? callTcp(order) : callUdp(order);
    case "hear":
      return hear(order);
    case "ask":
      return ask(order);
  }
}

function listenTcp(address: string, port: number): Promise<undefined> {
  const server = createServer((connection) => {
    const from = endpoint(connection.remoteAddress ?? "", connection.remotePort ?? 0);
    connection.on("data", (data: Uint8Array) => connection.end(`${decode(data)} from ${from}`));
    connection.on("error", () => connection.destroy()); // the caller went away
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => resolve(undefined));
  });
}

async function listenUdp(address: string, port: number): Promise<undefined> {
  const socket = await bind(address, port, false);
  socket.on("message", (data: Uint8Array, from) => {
    socket.send(
      `${decode(data)} from ${endpoint(from.address, from.port)}`,
      from.port,
      from.address,
    );
  });
  return undefined;
}

function callTcp(order: Order & { do: "call" }): Promise<string | undefined> {
  const { address, port, localPort } = order;
  return new Promise((resolve) => {
    const connection = connect({
      host: address,
      port,
      ...(localPort === undefined ? {} : { localPort }),
    });
    const timer = setTimeout(() => finish(undefined), order.timeout);
    const finish = (answer: string | undefined): void => {
      clearTimeout(timer);
      connection.destroy();
      resolve(answer);
    };
    connection.on("connect", () => connection.write(order.text));
    connection.on("data", (data: Uint8Array) => finish(decode(data)));
    connection.on("error", () => finish(undefined)); // refused, or no route
    connection.on("close", () => finish(undefined));
  });
}

async function callUdp(order: Order & { do: "call" }): Promise<string | undefined> {
  const wildcard = order.address.includes(":") ? "::" : "0.0.0.0";
  const socket = await bind(wildcard, order.localPort ?? 0, false);
  const answer = await exchange(socket, new TextEncoder().encode(order.text), order);
  return answer === undefined ? undefined : decode(answer);
}

async function ask(order: Order & { do: "ask" }): Promise<string | undefined> {
  const socket = await bind(order.from, 0, false);
  const answer = await exchange(socket, Uint8Array.fromHex(order.bytes), order);
  return answer?.toHex();
}

async function exchange(
  socket: Socket,
  bytes: Uint8Array,
  { address, port, timeout }: { address: string; port: number; timeout: number },
): Promise<Uint8Array | undefined> {
  const answer = await new Promise<Uint8Array | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeout);
    socket.once("message", (data: Uint8Array) => {
      clearTimeout(timer);
      resolve(data);
    });
    socket.send(bytes, port, address, (error) => {
      if (error !== null) print({ event: "sendFailed", message: String(error) });
    });
  });
  socket.close();
  return answer;
}

async function hear(order: Order & { do: "hear" }): Promise<undefined> {
  const ipv6 = order.group.includes(":");
  const socket = await bind(ipv6 ? "::" : "0.0.0.0", order.port, order.reuse);
  socket.on("message", (data: Uint8Array, from) => {
    print({
      event: "heard",
      group: order.group,
      from: from.address,
      port: from.port,
      bytes: Uint8Array.from(data).toHex(),
    });
  });
  socket.addMembership(order.group, ipv6 ? `::%${order.interface}` : order.interface);
  return undefined;
}

function bind(address: string, port: number, reuseAddr: boolean): Promise<Socket> {
  const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", reuseAddr });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => resolve(socket));
  });
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function decode(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

if (import.meta.main) await serveOrders<Order>(perform);
