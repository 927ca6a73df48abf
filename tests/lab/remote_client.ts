import type { ClientOptions } from "../../mod.ts";
import type { AgentCommand, Kind } from "./agent.ts";
import { CommandProcess } from "./command_process.ts";
import type { Line } from "./process.ts";
import type { Router } from "./router.ts";

/** A client on the inside host; agent.ts runs there. */
export class RemoteClient extends CommandProcess<AgentCommand> {
  /** The addresses that the client uses. */
  addresses: { readonly client: string; readonly server: string } = { client: "", server: "" };

  /** Starts the program and a client in it, which discovers the addresses not given. */
  static async start(
    lab: Router,
    client?: string,
    server?: string,
    options?: ClientOptions,
  ): Promise<RemoteClient> {
    const remote = new RemoteClient(lab.insideDeno("tests/lab/agent.ts"));
    const started = await remote.command({
      do: "start",
      ...(client === undefined ? {} : { client }),
      ...(server === undefined ? {} : { server }),
      ...(options === undefined ? {} : { options }),
    });
    remote.addresses = started as RemoteClient["addresses"];
    return remote;
  }

  /** Requests an inbound mapping with a name such as `tcp 6000`. */
  async inbound(name: string, lifetime: number, kind: Kind = "keepAlive"): Promise<void> {
    await this.command({ do: "inbound", name, lifetime, kind, ...parseName(name) });
  }

  /** Requests an inbound mapping and waits until it is granted. */
  async inboundReady(name: string, lifetime: number, kind: Kind = "keepAlive"): Promise<Assigned> {
    await this.inbound(name, lifetime, kind);
    return await this.ready(name);
  }

  /** Requests an outbound mapping and waits until it is granted. */
  async outboundReady(name: string, remote: Remote, lifetime: number): Promise<Assigned> {
    await this.command({
      do: "outbound",
      name,
      lifetime,
      kind: "keepAlive",
      ...remote,
      ...parseName(name),
    });
    return await this.ready(name);
  }

  async ready(name: string, timeout = 5_000): Promise<Assigned> {
    const value = await this.command({ do: "ready", name }, timeout);
    const { externalAddress, externalPort, lifetime } = value as Record<string, unknown>;
    return {
      externalAddress: String(externalAddress),
      externalPort: Number(externalPort),
      lifetime: Number(lifetime),
    };
  }

  async revoke(name: string, timeout = 5_000): Promise<void> {
    await this.command({ do: "revoke", name }, timeout);
  }

  async shutdown(options: { keep?: boolean } = {}): Promise<void> {
    await this.command({ do: "shutdown", ...options });
  }

  /** Takes the next alert of a mapping with a state. */
  async expectState(name: string, state: string, timeout: number): Promise<Line> {
    const fits = (line: Line): boolean => stateOf(line, name) === state;
    return await this.process.expectLine(fits, timeout, `"${name}" in state "${state}"`);
  }

  /** Takes the next error of the client that belongs to no mapping. */
  async expectError(timeout: number): Promise<Line> {
    return await this.process.expectLine((line) => line["event"] === "error", timeout, "an error");
  }

  /** The states in the alerts not taken yet. */
  states(name: string): string[] {
    return this.process.untaken.map((line) => stateOf(line, name)).filter((state) =>
      state !== undefined
    );
  }

  /** The external ports in the alerts not taken yet. */
  assigned(name: string): number[] {
    return this.process.untaken.flatMap((line) => {
      if (line["event"] !== "alert" || line["name"] !== name) return [];
      const alert = line["alert"] as { type: string; externalPort?: number };
      return alert.type === "assigned" ? [Number(alert.externalPort)] : [];
    });
  }

  /** The names of the errors not taken yet. */
  errors(): string[] {
    const errors = this.process.untaken.filter((line) => line["event"] === "error");
    return errors.map((line) => String(line["name"]));
  }
}

/** An assignment. */
export interface Assigned {
  readonly externalAddress: string;
  readonly externalPort: number;
  readonly lifetime: number;
}

/** The remote peer of an outbound mapping. */
export interface Remote {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

function stateOf(line: Line, name: string): string | undefined {
  if (line["event"] !== "alert" || line["name"] !== name) return undefined;
  const alert = line["alert"] as { type: string; state?: { type: string } };
  return alert.type === "stateChange" ? alert.state?.type : undefined;
}

function parseName(name: string): { protocol: number; port: number } {
  const [protocol, port] = name.split(" ");
  return { protocol: protocol === "tcp" ? 6 : 17, port: Number(port) }; // IANA protocol numbers
}
