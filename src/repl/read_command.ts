import { InboundMap, OutboundMap, RequestType } from "../../mod.ts";
import type { Command, CommandName } from "./command.ts";
import { nearest } from "./nearest.ts";
import {
  readCount,
  readFilter,
  readId,
  readPeer,
  readSeconds,
  readTarget,
  readWirePort,
} from "./read_values.ts";
import { COMMANDS, type CommandSpec, findCommand, type OptionValues, usage } from "./table.ts";
import { quote } from "./text.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Makes a command of its arguments and options; the options are known to belong to it.
 *
 * @throws {UsageError} If an argument is missing, superfluous or out of range.
 */
export function readCommand(
  spec: CommandSpec,
  args: readonly string[],
  values: OptionValues,
): Command {
  const least = spec.args.filter(({ optional }) => optional !== true).length;
  const missing = args.length < least ? spec.args[args.length] : undefined;
  if (missing !== undefined) {
    throw new UsageError(
      `"${spec.name}" needs ${missing.label}: type ${usage(spec)}, for example ${spec.examples[0]}`,
    );
  }
  const extra = args[spec.args.length];
  if (extra !== undefined) {
    throw new UsageError(`"${spec.name}" does not know ${quote(extra)}: type ${usage(spec)}`);
  }
  return READERS[spec.name](args, values);
}

type Reader = (args: readonly string[], values: OptionValues) => Command;

const READERS: { readonly [Name in CommandName]: Reader } = {
  map: ([target = ""], values) => {
    const { port, protocol } = readTarget(target);
    return mapCommand("map", values, () => {
      const map = new InboundMap(port, lifetime(values)).protocol(protocol);
      if (values.has("prefer-failure")) map.preferFailure();
      const count = one(values, "port-set");
      if (count !== undefined) map.portSet(readCount("--port-set", count));
      for (const filter of all(values, "filter").map(readFilter)) {
        map.filter(filter.port, filter.address, filter.bits);
      }
      return map;
    });
  },
  peer: ([target = "", peer = ""], values) => {
    const { port, protocol } = readTarget(target);
    const remote = readPeer(peer);
    return mapCommand(
      "peer",
      values,
      () => new OutboundMap(port, remote.address, remote.port, lifetime(values)).protocol(protocol),
    );
  },
  connect: ([client, server]) => {
    // One address alone is more likely the server's: that is what people know.
    if (client !== undefined && server === undefined) return { name: "connect", server: client };
    return {
      name: "connect",
      ...(client === undefined ? {} : { client }),
      ...(server === undefined ? {} : { server }),
    };
  },
  show: ([id = ""]) => ({ name: "show", id: readId(id) }),
  renew: ([id = "", seconds = ""]) => ({
    name: "renew",
    id: readId(id),
    lifetime: readSeconds("the lifetime", seconds),
  }),
  revoke: ([id = ""]) => ({ name: "revoke", id: id === "all" ? id : readId(id) }),
  trace: ([state = ""]) => {
    if (state === "on" || state === "off") return { name: "trace", on: state === "on" };
    throw new UsageError(`Cannot read ${quote(state)}: type trace on or trace off`);
  },
  js: ([code = ""]) => ({ name: "js", code }),
  help: ([topic]) => {
    if (topic === undefined) return { name: "help" };
    if (findCommand(topic) !== undefined) return { name: "help", topic };
    const meant = nearest(topic, COMMANDS.map(({ name }) => name));
    throw new UsageError(
      `There is no command ${quote(topic)}: type ${meant === undefined ? "help" : `help ${meant}`}`,
    );
  },
  announce: () => ({ name: "announce" }),
  diagnose: () => ({ name: "diagnose" }),
  disconnect: () => ({ name: "disconnect" }),
  discover: () => ({ name: "discover" }),
  exit: () => ({ name: "exit" }),
  external: () => ({ name: "external" }),
  list: () => ({ name: "list" }),
  simulate: () => ({ name: "simulate" }),
  watch: () => ({ name: "watch" }),
};

/** What both kinds of mappings can be told. The library checks it, and its errors are the user's mistakes here. */
function mapCommand(
  name: "map" | "peer",
  values: OptionValues,
  make: () => InboundMap | OutboundMap,
): Command {
  const keepAlive = values.has("keep-alive");
  const repeat = one(values, "repeat");
  if (keepAlive && repeat !== undefined) {
    throw new UsageError("--keep-alive and --repeat exclude each other, type one of them");
  }
  const externalPort = one(values, "external-port");
  const externalAddress = one(values, "external-address");
  const thirdParty = one(values, "third-party");
  const description = one(values, "description");
  if (values.has("prefer-failure") && externalPort === undefined) {
    throw new UsageError(
      "--prefer-failure needs a suggestion to insist on, type --external-port PORT too",
    );
  }
  try {
    const map = make();
    if (externalPort !== undefined) {
      map.externalPort(readWirePort("--external-port", externalPort));
    }
    if (externalAddress !== undefined) map.externalAddress(externalAddress);
    if (thirdParty !== undefined) map.thirdParty(thirdParty);
    if (description !== undefined) map.description(description);
    const requestType = keepAlive
      ? RequestType.KeepAlive
      : repeat === undefined
      ? RequestType.Once
      : RequestType.Repeat(readCount("--repeat", repeat));
    return { name, map, requestType };
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageError(`${error.message}: type "help ${name}" for examples`);
    }
    throw error;
  }
}

function lifetime(values: OptionValues): number {
  const text = one(values, "lifetime");
  return text === undefined ? DEFAULT_LIFETIME : readSeconds("--lifetime", text);
}

function one(values: OptionValues, name: string): string | undefined {
  return all(values, name)[0];
}

function all(values: OptionValues, name: string): readonly string[] {
  const value = values.get(name);
  return value === undefined || value === true ? [] : value;
}

/** Seconds: long enough to be quiet, short enough to be gone soon after somebody forgot it. */
const DEFAULT_LIFETIME = 3_600;
