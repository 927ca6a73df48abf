/**
 * A host of the lab: listens, connects, receives announcements and sends raw datagrams by commands in lines of JSON on
 * stdin. It does not use the library, so that its observations are independent. Prints announcements as `{"event": …}`.
 */
import { createSocket, type Socket } from "node:dgram";
import { connect, createServer } from "node:net";
import { print, serveCommands } from "./command_server.ts";

/** A command for a host. Times are milliseconds, `bytes` hexadecimal. */
export type HostCommand =
  /** Responds to every text at a port with the text and its source. */
  | { do: "listen"; protocol: "tcp" | "udp"; address: string; port: number }
  /** Sends `text` and returns the response. */
  | {
    do: "call";
    protocol: "tcp" | "udp";
    address: string;
    port: number;
    text: string;
    timeout: number;
    localPort?: number;
  }
  /** Prints every datagram to a multicast group; without `reuse` the port is exclusive. */
  | { do: "join"; group: string; interface: string; port: number; reuse: boolean }
  /** Sends a datagram and returns the response. */
  | { do: "exchange"; from: string; address: string; port: number; bytes: string; timeout: number };

function perform(command: HostCommand): Promise<string | undefined> {
  switch (command.do) {
    case "listen":
      return command.protocol === "tcp"
        ? listenTcp(command.address, command.port)
        : listenUdp(command.address, command.port);
    case "call":
      return command.protocol === "tcp" ? callTcp(command) : callUdp(command);
    case "join":
      return join(command);
    case "exchange":
      return exchangeOnce(command);
  }
}

function listenTcp(address: string, port: number): Promise<undefined> {
  const server = createServer((connection) => {
    const from = endpoint(connection.remoteAddress ?? "", connection.remotePort ?? 0);
    connection.on("data", (data: Uint8Array) => connection.end(`${decode(data)} from ${from}`));
    connection.on("error", () => connection.destroy()); // the peer has closed
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

function callTcp(command: HostCommand & { do: "call" }): Promise<string | undefined> {
  const { address, port, localPort } = command;
  return new Promise((resolve) => {
    const connection = connect({
      host: address,
      port,
      ...(localPort === undefined ? {} : { localPort }),
    });
    const timer = setTimeout(() => finish(undefined), command.timeout);
    const finish = (answer: string | undefined): void => {
      clearTimeout(timer);
      connection.destroy();
      resolve(answer);
    };
    connection.on("connect", () => connection.write(command.text));
    connection.on("data", (data: Uint8Array) => finish(decode(data)));
    connection.on("error", () => finish(undefined)); // refused, or no route
    connection.on("close", () => finish(undefined));
  });
}

async function callUdp(command: HostCommand & { do: "call" }): Promise<string | undefined> {
  const wildcard = command.address.includes(":") ? "::" : "0.0.0.0";
  const socket = await bind(wildcard, command.localPort ?? 0, false);
  const answer = await exchange(socket, new TextEncoder().encode(command.text), command);
  return answer === undefined ? undefined : decode(answer);
}

async function exchangeOnce(
  command: HostCommand & { do: "exchange" },
): Promise<string | undefined> {
  const socket = await bind(command.from, 0, false);
  const answer = await exchange(socket, Uint8Array.fromHex(command.bytes), command);
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

async function join(command: HostCommand & { do: "join" }): Promise<undefined> {
  const ipv6 = command.group.includes(":");
  const socket = await bind(ipv6 ? "::" : "0.0.0.0", command.port, command.reuse);
  socket.on("message", (data: Uint8Array, from) => {
    print({
      event: "received",
      group: command.group,
      from: from.address,
      port: from.port,
      bytes: Uint8Array.from(data).toHex(),
    });
  });
  socket.addMembership(command.group, ipv6 ? `::%${command.interface}` : command.interface);
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

if (import.meta.main) await serveCommands<HostCommand>(perform);
