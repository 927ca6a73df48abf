/**
 * A program on the lab's inside host that uses the library by commands in lines of JSON on stdin.
 *
 * Prints alerts and errors as `{"event": …}` at once, and the datagrams on stderr, to diagnose failed tests.
 */
import {
  Client,
  type ClientOptions,
  type Handle,
  InboundMap,
  type MapHandle,
  OutboundMap,
  RequestType,
} from "../../mod.ts";
import { print, serveCommands } from "./command_server.ts";

/** A call of the library. The test gives names to the mappings. */
export type AgentCommand =
  | { do: "start"; client?: string; server?: string; options?: ClientOptions }
  | { do: "inbound"; name: string; port: number; lifetime: number; protocol: number; kind: Kind }
  | {
    do: "outbound";
    name: string;
    port: number;
    remoteAddress: string;
    remotePort: number;
    lifetime: number;
    protocol: number;
    kind: Kind;
  }
  | { do: "mapOnAll"; port: number; lifetime: number }
  | { do: "ready"; name: string }
  | { do: "renew"; name: string; lifetime: number }
  | { do: "assigned"; name: string }
  | { do: "revoke"; name: string }
  | { do: "state"; name: string }
  | { do: "externalAddress" }
  | { do: "announce" }
  | { do: "diagnose" }
  | { do: "gateway" }
  | { do: "shutdown"; keep?: boolean };

/** `RequestType` in JSON. */
export type Kind = "once" | "keepAlive" | { repeat: number };

const mappings = new Map<string, MapHandle>();
let client: Handle | undefined;

async function perform(command: AgentCommand): Promise<unknown> {
  switch (command.do) {
    case "start": {
      const onTrace: ClientOptions["onTrace"] = (event) => {
        const suffix = event.ignored === undefined ? "" : ` (ignored: ${event.ignored})`;
        trace(
          `${
            (event.at / 1000).toFixed(3)
          } ${event.direction} ${event.remote} ${event.text}${suffix}`,
        );
      };
      client = await Client.start(command.client, command.server, { ...command.options, onTrace });
      void watchErrors(client);
      return { client: String(client.client), server: String(client.server) };
    }
    case "inbound": {
      const map = new InboundMap(command.port, command.lifetime).protocol(command.protocol);
      return keep(command.name, running().request(map, requestType(command.kind)));
    }
    case "outbound": {
      const { port, remoteAddress, remotePort, lifetime, protocol } = command;
      const map = new OutboundMap(port, remoteAddress, remotePort, lifetime).protocol(protocol);
      return keep(command.name, running().request(map, requestType(command.kind)));
    }
    case "mapOnAll": {
      // One client and one mapping for each gateway; they end with the program.
      const handles = await Client.startAll();
      return await Promise.all(handles.map(async (handle) => {
        const { externalAddress, externalPort } = await handle
          .request(new InboundMap(command.port, command.lifetime)).ready();
        const { client, server } = handle;
        return { client, server, externalAddress, externalPort };
      }));
    }
    case "ready":
      return await find(command.name).ready();
    case "renew":
      return find(command.name).renew(command.lifetime);
    case "assigned":
      return find(command.name).assigned ?? null;
    case "revoke":
      return await find(command.name).revoke();
    case "state":
      return find(command.name).state;
    case "externalAddress":
      return await running().externalAddress();
    case "announce":
      return await running().announce();
    case "gateway":
      return { ...running().gateway, sentence: running().describeGateway() };
    case "diagnose":
      return await running().diagnose();
    case "shutdown":
      return await running().shutdown({ keep: command.keep ?? false });
  }
}

function running(): Handle {
  if (client === undefined) {
    throw new Error("Cannot perform the command: the client was not started");
  }
  return client;
}

function find(name: string): MapHandle {
  const mapping = mappings.get(name);
  if (mapping === undefined) {
    throw new Error(`Cannot find the mapping: no such name, got "${name}"`);
  }
  return mapping;
}

function keep(name: string, mapping: MapHandle): undefined {
  mappings.set(name, mapping);
  void watchAlerts(name, mapping);
  return undefined;
}

async function watchAlerts(name: string, mapping: MapHandle): Promise<void> {
  for await (const alert of mapping) print({ event: "alert", name, alert });
  print({ event: "ended", name });
}

async function watchErrors(handle: Handle): Promise<void> {
  for await (const error of handle.errors()) {
    print({ event: "error", name: error.name, message: error.message });
  }
}

function requestType(kind: Kind): RequestType {
  if (kind === "once") return RequestType.Once;
  return kind === "keepAlive" ? RequestType.KeepAlive : RequestType.Repeat(kind.repeat);
}

function trace(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) await serveCommands<AgentCommand>(perform);
