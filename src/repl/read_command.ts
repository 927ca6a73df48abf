import { InboundMap, OutboundMap, RequestType } from "../../mod.ts";
import {
  applyMappingOptions,
  goesWith,
  MAPPING_OPTION_NAMES,
  MAPPING_OPTIONS,
  type MappingFlag,
  type MappingOptions,
} from "../mapping_options.ts";
import type { Command, CommandName, MappingName } from "./command.ts";
import { nearest } from "./nearest.ts";
import {
  protocolText,
  readCount,
  readFilter,
  readId,
  readPeer,
  readPortSet,
  readProtocols,
  readSeconds,
  readShell,
  readTargets,
  readWirePort,
  type Target,
} from "./read_values.ts";
import { COMMANDS, type CommandSpec, findCommand, type OptionValues, usage } from "./table.ts";
import { quote } from "./text.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Builds a command from its arguments and options; the options are checked to belong to it.
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
  const extra = spec.args.at(-1)?.many === true ? undefined : args[spec.args.length];
  if (extra !== undefined) {
    throw new UsageError(`"${spec.name}" takes no argument ${quote(extra)}: type ${usage(spec)}`);
  }
  return READERS[spec.name](args, values);
}

type Reader = (args: readonly string[], values: OptionValues) => Command;

const READERS: { readonly [Name in CommandName]: Reader } = {
  map: (targets, values) =>
    mapCommand("map", targets, values, (port) => new InboundMap(port, lifetime(values))),
  peer: ([target = "", peer = ""], values) => {
    const { address, port } = readPeer(peer);
    const build = (internalPort: number): OutboundMap =>
      new OutboundMap(internalPort, address, port, lifetime(values));
    return mapCommand("peer", [target], values, build);
  },
  connect: ([client, server]) => {
    if (client === undefined) return { name: "connect" };
    // One address alone is the server's: that is the one that users know.
    return server === undefined
      ? { name: "connect", server: client }
      : { name: "connect", client, server };
  },
  show: ([id = ""]) => ({ name: "show", id: readId(id) }),
  renew: ([id = "", seconds = ""]) => ({
    name: "renew",
    id: readId(id),
    lifetime: readSeconds("the lifetime", seconds),
  }),
  revoke: (names) => ({ name: "revoke", which: names.flatMap(readMappingName) }),
  trace: ([state = ""]) => {
    if (state === "on" || state === "off") return { name: "trace", on: state === "on" };
    throw new UsageError(`Cannot read ${quote(state)}: type trace on or trace off`);
  },
  completions: ([text = "", program = "pcp"]) => {
    const shell = readShell(text);
    if (/^[\w.-]+$/.test(program)) return { name: "completions", shell, program };
    throw new UsageError(`Cannot read the program ${quote(program)}: type its name without a path`);
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
  leftovers: () => ({ name: "leftovers" }),
  prefix64: () => ({ name: "prefix64" }),
  stats: () => ({ name: "stats" }),
  list: () => ({ name: "list" }),
  simulate: ([protocols]) =>
    protocols === undefined
      ? { name: "simulate" }
      : { name: "simulate", protocols: readProtocols("the protocols", protocols) },
  watch: () => ({ name: "watch" }),
};

/** A port that is named twice is a mistake: both mappings would be the same one at the router. */
function checkRepeated(targets: readonly Target[]): void {
  const names = targets.map(({ port, protocol }) => `${port}/${protocolText(protocol)}`);
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) {
    throw new UsageError(`"${repeated}" was given more than once, type it once`);
  }
}

/** Reads what `map` and `peer` share. A value that the builder rejects is a usage error. */
function mapCommand(
  name: "map" | "peer",
  texts: readonly string[],
  values: OptionValues,
  build: (port: number) => InboundMap | OutboundMap,
): Command {
  const requestType = readRequestType(values);
  const targets = texts.flatMap(readTargets);
  checkRepeated(targets);
  if (values.has("prefer-failure") && !values.has("external-port")) {
    throw new UsageError(
      "--prefer-failure needs a suggestion to insist on, type --external-port PORT too",
    );
  }
  if (values.has("external-port") && new Set(targets.map(({ port }) => port)).size > 1) {
    throw new UsageError("--external-port is one port, type one command for each port");
  }
  try {
    const maps = targets.map(({ port, protocol }) => {
      const map = build(port);
      return applyMappingOptions(map, { protocol, ...readMappingOptions(map.kind, values) });
    });
    return { name, maps, requestType, flags: givenFlags(values) };
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageError(`${error.message}: type "help ${name}" for examples`);
    }
    throw error;
  }
}

function readMappingName(text: string): MappingName[] {
  if (text === "all") return ["all"];
  if (text.includes("/")) return readTargets(text);
  const number = /^l(?<number>[1-9]\d{0,5})$/i.exec(text)?.groups?.["number"];
  return [number === undefined ? readId(text) : `L${Number(number)}`];
}

function readRequestType(values: OptionValues): RequestType {
  const repeat = one(values, "repeat");
  if (!values.has("keep-alive")) {
    return repeat === undefined
      ? RequestType.Once
      : RequestType.Repeat(readCount("--repeat", repeat));
  }
  if (repeat === undefined) return RequestType.KeepAlive;
  throw new UsageError("--keep-alive and --repeat exclude each other, type one of them");
}

/** The flags of options that are options of the request (RFC 6887 section 7.3). */
function givenFlags(values: OptionValues): string[] {
  return MAPPING_OPTION_NAMES.flatMap((name) => {
    const flag = MAPPING_OPTIONS[name].flag?.name ?? "";
    return name !== "externalPort" && name !== "externalAddress" && values.has(flag) ? [flag] : [];
  });
}

/** The options that were given, by the flags of the table. */
function readMappingOptions(kind: "inbound" | "outbound", values: OptionValues): MappingOptions {
  const options: Record<string, unknown> = {};
  for (const name of MAPPING_OPTION_NAMES) {
    const { flag } = MAPPING_OPTIONS[name];
    if (flag === undefined || !goesWith(name, kind)) continue;
    const value = values.get(flag.name);
    if (value !== undefined) options[name] = readFlag(flag, value === true ? [] : value);
  }
  return options;
}

function readFlag({ name, kind, many }: MappingFlag, texts: readonly string[]): unknown {
  const values = texts.map((text) => FLAG_READERS[kind](text, `--${name}`));
  return many === true ? values : values[0] ?? true;
}

const FLAG_READERS: {
  readonly [Kind in MappingFlag["kind"]]: (text: string, what: string) => unknown;
} = {
  switch: () => true,
  address: (text) => text,
  text: (text) => text,
  port: (text, what) => readWirePort(what, text),
  filter: (text) => readFilter(text),
  portSet: (text, what) => readPortSet(what, text),
};

function lifetime(values: OptionValues): number {
  const text = one(values, "lifetime");
  return text === undefined ? DEFAULT_LIFETIME : readSeconds("--lifetime", text);
}

function one(values: OptionValues, name: string): string | undefined {
  const value = values.get(name);
  return value === undefined || value === true ? undefined : value[0];
}

/** Seconds: rarely renewed, and a forgotten mapping ends within the hour. */
const DEFAULT_LIFETIME = 3_600;
