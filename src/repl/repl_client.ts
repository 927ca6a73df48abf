import { type Clock, FileStore, type Handle, type MapHandle, type TraceEvent } from "../../mod.ts";
import type { ServerHost } from "../testing/mod.ts";
import type { Command, CommonOptions } from "./command.ts";
import { TrackedMapping } from "./tracked_mapping.ts";
import { Hook } from "./hook.ts";
import { internalText } from "./render.ts";
import type { SessionParts } from "./session_parts.ts";
import { clockTime, endpoint, printable } from "./text.ts";

/** A client of one server, with everything that was asked of it at the prompt. */
export class ReplClient {
  readonly handle: Handle;
  /** The simulated gateway, if there is one. */
  readonly gateway: ServerHost | undefined;
  /** Mappings by id, those that are over included as long as there are not many. */
  readonly followed = new Map<number, TrackedMapping>();
  readonly #parts: SessionParts;
  readonly #json: () => boolean;
  readonly #state: string | undefined;

  private constructor(
    handle: Handle,
    gateway: ServerHost | undefined,
    parts: SessionParts,
    json: () => boolean,
    state: string | undefined,
  ) {
    this.handle = handle;
    this.#state = state;
    this.gateway = gateway;
    this.#parts = parts;
    this.#json = json;
    void this.#tellErrors();
    this.#tellLeftovers();
  }

  /** Starts a client, and a simulated gateway before it if that is wanted. */
  static async open(
    options: CommonOptions,
    parts: SessionParts,
    settings: {
      readonly json: () => boolean;
      /** Undefined where nobody can ask for it: to decode each datagram takes its time. */
      readonly onTrace: ((event: TraceEvent) => void) | undefined;
      readonly multicast: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<ReplClient> {
    const { onTrace, signal, json } = settings;
    const common = {
      ...(onTrace === undefined ? {} : { onTrace }),
      signal,
      shutdownTimeout: SHUTDOWN_TIMEOUT,
      // Whoever types --third-party means it.
      allowThirdParty: true,
      ...(options.state === undefined ? {} : { store: new FileStore(options.state) }),
    };
    if (options.simulate === true) {
      const gateway = await parts.startGateway(options.port);
      try {
        const { hostname, port } = gateway.local;
        const handle = await parts.startClient(hostname, hostname, { ...common, port });
        return new ReplClient(handle, gateway, parts, json, options.state);
      } catch (error) {
        gateway.close();
        throw error;
      }
    }
    const handle = await parts.startClient(options.client, options.server, {
      ...common,
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(settings.multicast ? {} : { multicast: false }),
    });
    return new ReplClient(handle, undefined, parts, json, options.state);
  }

  /** The server as the prompt names it. */
  get name(): string {
    return this.gateway === undefined ? this.handle.server : "simulated";
  }

  /** The server with its port, for messages. */
  get place(): string {
    const { server, port } = this.handle;
    const place = `${server}${port === STANDARD_PORT ? "" : ` port ${port}`}`;
    return this.gateway === undefined ? place : `the simulated gateway at ${place}`;
  }

  /** Whether that is what the options ask for; what they leave open does not matter. */
  fits({ server, client, port, simulate, state }: CommonOptions): boolean {
    return (server ?? this.handle.server) === this.handle.server &&
      (client ?? this.handle.client) === this.handle.client &&
      (state ?? this.#state) === this.#state &&
      (simulate !== true || this.gateway !== undefined) &&
      (port ?? this.handle.port) === this.handle.port;
  }

  #tellLeftovers(): void {
    const { length } = this.handle.leftovers;
    if (length === 0 || this.#json()) return;
    const which = length === 1 ? "1 mapping is" : `${length} mappings are`;
    this.#parts.screen.print(
      `${which} left from an earlier run: ask for the same to continue, or "revoke all"`,
    );
  }

  /** Keeps the news of a mapping from now on. */
  track(mapping: MapHandle, program: readonly string[] | undefined): TrackedMapping {
    const { runProgram, screen, date } = this.#parts;
    const hook = program === undefined ? undefined : new Hook(program, runProgram, (reason) => {
      screen.error(
        `Cannot run the program of mapping ${mapping.id}: "${
          printable(program.join(" "))
        }" ended with ${printable(reason)}; the mapping lives on`,
      );
    });
    const followed = new TrackedMapping(mapping, hook, date);
    for (const [id, { mapping: old }] of this.followed) {
      if (this.followed.size >= MOST_KEPT && old.isOver) this.followed.delete(id);
    }
    this.followed.set(mapping.id, followed);
    return followed;
  }

  /** Tells the further news of a mapping as they come. */
  tell(followed: TrackedMapping): Promise<void> {
    const { screen } = this.#parts;
    return followed.follow((alert) => {
      if (this.#json()) {
        return screen.print(JSON.stringify({ mappingId: followed.mapping.id, alert }));
      }
      const line = followed.describe(alert, screen.paint);
      if (line !== undefined) screen.print(line);
    });
  }

  /** The mapping of that id, whoever made it. */
  find(id: number): MapHandle | undefined {
    return this.followed.get(id)?.mapping ??
      this.handle.mappings.find((mapping) => mapping.id === id);
  }

  /**
   * Deletes every mapping, with a word about each, and leaves the server.
   *
   * @returns Whether every deletion was confirmed.
   */
  async close(clock: Clock): Promise<boolean> {
    const { screen, date } = this.#parts;
    const open = this.handle.mappings.map((mapping) => ({ mapping, before: mapping.toJSON() }));
    let late: readonly MapHandle[] = [];
    // When the handle gives up it ends all of them, so what is late must be looked for just before.
    const cancel = clock.alarm(clock.now() + SHUTDOWN_TIMEOUT - 50, () => {
      late = open.map(({ mapping }) => mapping).filter((mapping) => !mapping.isOver);
    });
    if (open.length > 0) screen.live(["Releasing the mappings"]);
    // A server that never said a word has hardly mapped anything: the deletion was sent, its confirmation will not come.
    const isSilent = this.handle.stats().received === 0;
    const shutdown = this.handle.shutdown();
    const summary = isSilent
      ? await Promise.race([shutdown, after(SILENT_TIMEOUT, clock)])
      : await shutdown;
    cancel();
    screen.live();
    await this.#hooksFinished();
    if (!this.#json() && !isSilent) {
      for (const { mapping, before } of open) {
        const external = before.assigned === null
          ? ""
          : ` at ${endpoint(before.assigned.externalAddress, before.assigned.externalPort)}`;
        const name = `mapping ${mapping.id} (${internalText(before)}${external})`;
        const end = before.expiresAt === null
          ? "soon"
          : `at ${clockTime(new Date(before.expiresAt), date())}`;
        screen.print(
          late.includes(mapping)
            ? screen.paint.yellow(`Not confirmed: ${name} ends by itself ${end}`)
            : mapping.kind === "outbound"
            ? `Released ${name}, it expires by itself ${end}`
            : `Released ${name}`,
        );
      }
    }
    this.gateway?.close();
    return summary === undefined || summary.unconfirmed === 0;
  }

  /** Leaves the server and the mappings as they are. */
  async leave(): Promise<void> {
    await this.#hooksFinished();
    await this.handle.shutdown({ keep: true });
    this.gateway?.close();
  }

  async #hooksFinished(): Promise<void> {
    await Promise.all([...this.followed.values()].map(({ hook }) => hook?.finished()));
  }

  async #tellErrors(): Promise<void> {
    const { screen } = this.#parts;
    for await (const error of this.handle.errors()) {
      if (this.#json()) screen.error(JSON.stringify({ error: error.toJSON() }));
      else screen.error(screen.paint.yellow(printable(error.message)));
    }
  }
}

/** The options with the addresses that the command itself gives. */
export function addressed(command: Command, options: CommonOptions): CommonOptions {
  const { server: _server, client: _client, simulate: _simulate, ...rest } = options;
  if (command.name === "simulate") return { ...rest, simulate: true };
  if (command.name !== "connect" || command.server === undefined) return options;
  return {
    ...rest,
    server: command.server,
    ...(command.client === undefined ? {} : { client: command.client }),
  };
}

/** Milliseconds that a release may take: two transmissions and their answers fit into it (RFC 6887 section 8.1.1). */
const SHUTDOWN_TIMEOUT = 5_000;

/** The same for a server that has not answered once. */
const SILENT_TIMEOUT = 1_000;

/** RFC 6887 section 19.1. */
const STANDARD_PORT = 5351;

/** Mappings that are over are kept for `show` up to this many. */
const MOST_KEPT = 100;

/** Resolves after so many milliseconds. */
function after(milliseconds: number, clock: Clock): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  clock.alarm(clock.now() + milliseconds, () => resolve(undefined));
  return promise;
}
