/**
 * A program that uses the library on the lab's inside host, on orders that arrive as lines of JSON on stdin.
 *
 * Alerts and errors are printed as `{"event": …}` when they come; the datagrams go to stderr, for whoever has to find
 * out why a test failed.
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
import { print, serveOrders } from "./orders.ts";

/** What the lab can ask of the library. Mappings go by names that the test gives them. */
export type AgentOrder =
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
  | { do: "revoke"; name: string }
  | { do: "state"; name: string }
  | { do: "externalAddress" }
  | { do: "announce" }
  | { do: "diagnose" }
  | { do: "shutdown"; keep?: boolean };

/** How long a mapping is wanted: `RequestType` in JSON. */
export type Kind = "once" | "keepAlive" | { repeat: number };

const mappings = new Map<string, MapHandle>();
let client: Handle | undefined;

async function perform(order: AgentOrder): Promise<unknown> {
  switch (order.do) {
    case "start": {
      const onTrace: ClientOptions["onTrace"] = (event) => {
        const fate = event.ignored === undefined ? "" : ` (ignored: ${event.ignored})`;
        trace(
          `${(event.at / 1000).toFixed(3)} ${event.direction} ${event.remote} ${event.text}${fate}`,
        );
      };
      client = await Client.start(order.client, order.server, { ...order.options, onTrace });
      void watchErrors(client);
      return { client: String(client.client), server: String(client.server) };
    }
    case "inbound": {
      const map = new InboundMap(order.port, order.lifetime).protocol(order.protocol);
      return keep(order.name, running().request(map, requestType(order.kind)));
    }
    case "outbound": {
      const { port, remoteAddress, remotePort, lifetime, protocol } = order;
      const map = new OutboundMap(port, remoteAddress, remotePort, lifetime).protocol(protocol);
      return keep(order.name, running().request(map, requestType(order.kind)));
    }
    case "mapOnAll": {
      // A client of each gateway, each with a mapping; they end with the program.
      const handles = await Client.startAll();
      return await Promise.all(handles.map(async (handle) => {
        const { externalAddress, externalPort } = await handle
          .request(new InboundMap(order.port, order.lifetime)).ready();
        const { client, server } = handle;
        return { client, server, externalAddress, externalPort };
      }));
    }
    case "ready":
      return await find(order.name).ready();
    case "revoke":
      return await find(order.name).revoke();
    case "state":
      return find(order.name).state;
    case "externalAddress":
      return await running().externalAddress();
    case "announce":
      return await running().announce();
    case "diagnose":
      return await running().diagnose();
    case "shutdown":
      return await running().shutdown({ keep: order.keep ?? false });
  }
}

function running(): Handle {
  if (client === undefined) throw new Error("Cannot do that: the client was not started");
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

if (import.meta.main) await serveOrders<AgentOrder>(perform);
