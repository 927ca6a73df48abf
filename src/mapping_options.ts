/**
 * The options of a mapping, one row each. JSON-RPC takes its params from the rows, the command line its flags. A new option
 * is a member of {@linkcode MappingOptions} and a row of {@linkcode MAPPING_OPTIONS}.
 */
import type { InboundMap, OutboundMap } from "../mod.ts";

/** The values of the options, in the form that JSON carries. */
export interface MappingOptions {
  readonly protocol?: "tcp" | "udp" | number;
  readonly externalPort?: number;
  readonly externalAddress?: string;
  readonly thirdParty?: string;
  /** Hexadecimal digits, two for each octet. */
  readonly thirdPartyId?: string;
  readonly description?: string;
  readonly preferFailure?: boolean;
  readonly filters?: { address: string; prefix: number; port: number }[];
  readonly portSet?: { size: number; parity?: boolean };
}

/** The shape of a value: a subset of JSON Schema, with types of its own for text that has a syntax. */
export type ValueSchema = { readonly description?: string } & ValueType;

type ValueType =
  | { readonly type: "boolean" | "string" }
  /** An IPv4 or IPv6 address, hexadecimal digits in pairs, the name or number of a transport protocol. */
  | { readonly type: "address" | "hex" | "protocol" }
  | { readonly type: "integer"; readonly minimum: number; readonly maximum: number }
  | { readonly type: "array"; readonly items: ValueSchema; readonly most: number }
  | {
    readonly type: "object";
    /** The name of the type in the documents and in TypeScript. */
    readonly title?: string;
    readonly properties: Readonly<Record<string, ValueSchema>>;
    readonly required: readonly string[];
  };

/** A flag of the commands `map` and `peer`. */
export interface MappingFlag {
  readonly name: string;
  /** The syntax of its argument; a switch has none. */
  readonly kind: "switch" | "address" | "filter" | "port" | "portSet" | "text";
  /** The argument as the help shows it; missing for a switch. */
  readonly value?: string;
  /** The flag may be given several times; its values make an array. */
  readonly many?: true;
  readonly help: string;
}

/** One option. */
export interface MappingOption<Value> {
  /** The kinds of mapping that take it. */
  readonly kinds: readonly ("inbound" | "outbound")[];
  readonly schema: ValueSchema;
  /** Missing for an option that the command line writes without a flag. */
  readonly flag?: MappingFlag;
  /** Calls the builder, which throws if the value is wrong. Common options call what both builders have. */
  readonly apply: (map: InboundMap, value: Value) => void;
}

const BOTH = ["inbound", "outbound"] as const;
const INBOUND = ["inbound"] as const;

/** Every option, in the order of the documents. */
export const MAPPING_OPTIONS: MappingOptionTable = {
  protocol: {
    kinds: BOTH,
    schema: {
      type: "protocol",
      description: "Transport protocol, tcp by default; a number is one of IANA's",
    },
    apply: (map, protocol) => map.protocol(PROTOCOLS[protocol] ?? Number(protocol)),
  },
  externalPort: {
    kinds: BOTH,
    schema: {
      type: "integer",
      minimum: 1,
      maximum: 65_535,
      description: "Suggested external port",
    },
    flag: {
      name: "external-port",
      kind: "port",
      value: "PORT",
      help: "external port to suggest",
    },
    apply: (map, port) => map.externalPort(port),
  },
  externalAddress: {
    kinds: BOTH,
    schema: { type: "address", description: "Suggested external address" },
    flag: {
      name: "external-address",
      kind: "address",
      value: "ADDRESS",
      help: "external address to suggest",
    },
    apply: (map, address) => map.externalAddress(address),
  },
  thirdParty: {
    kinds: BOTH,
    schema: {
      type: "address",
      description: "Address of the host that the mapping is for, if not this one",
    },
    flag: {
      name: "third-party",
      kind: "address",
      value: "ADDRESS",
      help: "for another host; most routers refuse",
    },
    apply: (map, address) => map.thirdParty(address),
  },
  thirdPartyId: {
    kinds: BOTH,
    schema: {
      type: "hex",
      description:
        "Which of several hosts behind the address thirdParty: 1 to 1016 octets, two hexadecimal digits each (RFC 7843)",
    },
    flag: {
      name: "third-party-id",
      kind: "text",
      value: "HEX",
      help: "which of several hosts behind the third party's address",
    },
    apply: (map, text) => map.thirdPartyId(parseHex(text)),
  },
  description: {
    kinds: BOTH,
    schema: {
      type: "string",
      description:
        "Text for the router's list of mappings, at most 1016 octets of UTF-8 (RFC 7220)",
    },
    flag: {
      name: "description",
      kind: "text",
      value: "TEXT",
      help: "a name that the router may show in its settings",
    },
    apply: (map, text) => map.description(text),
  },
  preferFailure: {
    kinds: INBOUND,
    schema: {
      type: "boolean",
      description: "No mapping rather than another external port or address than suggested",
    },
    flag: {
      name: "prefer-failure",
      kind: "switch",
      help: "rather nothing than another external port or address",
    },
    apply: (map, on) => {
      if (on) map.preferFailure();
    },
  },
  filters: {
    kinds: INBOUND,
    schema: {
      type: "array",
      description: "The remote peers that are let in, at most 42; all by default",
      // 1,100 octets (RFC 6887 section 7) less 24 of the header, 36 of MAP and 24 of the filter that removes earlier ones
      // leave 42 of 24 octets.
      most: 42,
      items: {
        type: "object",
        title: "Filter",
        description: "A remote peer that is let in",
        properties: {
          address: {
            type: "address",
            description: "Address of the peer, of the family of the client's address",
          },
          prefix: {
            type: "integer",
            minimum: 0,
            maximum: 128,
            description:
              "How many bits of the address count: up to 32 for IPv4, 128 for IPv6. 0 removes every filter",
          },
          port: {
            type: "integer",
            minimum: 0,
            maximum: 65_535,
            description: "Port of the peer; 0 is every port",
          },
        },
        required: ["address", "prefix", "port"],
      },
    },
    flag: {
      name: "filter",
      kind: "filter",
      value: "ADDRESS[/BITS][:PORT]",
      many: true,
      help: "let in only this peer; may be given several times",
    },
    apply: (map, filters) => {
      for (const { address, prefix, port } of filters) map.filter(port, address, prefix);
    },
  },
  portSet: {
    kinds: INBOUND,
    schema: {
      type: "object",
      description: "Consecutive ports from internalPort on (RFC 7753)",
      properties: {
        size: {
          type: "integer",
          minimum: 1,
          maximum: 65_535,
          description: "How many ports; 65535 is as many as possible",
        },
        parity: {
          type: "boolean",
          description: "Whether even ports must become even ones, and odd ports odd ones",
        },
      },
      required: ["size"],
    },
    flag: {
      name: "port-set",
      kind: "portSet",
      value: "SIZE[,parity]",
      help: "so many ports in a row, from PORT on; with parity, even ports stay even",
    },
    apply: (map, { size, parity }) => map.portSet(size, parity),
  },
};

/** The name of an option. */
export type MappingOptionName = keyof MappingOptions;

type MappingOptionTable = {
  readonly [Name in MappingOptionName]: MappingOption<NonNullable<MappingOptions[Name]>>;
};

/** The names of the options, in the order of the table. */
export const MAPPING_OPTION_NAMES = Object.keys(MAPPING_OPTIONS) as readonly MappingOptionName[];

/** Whether mappings of that kind take the option. */
export function goesWith(name: MappingOptionName, kind: "inbound" | "outbound"): boolean {
  return MAPPING_OPTIONS[name].kinds.includes(kind);
}

/**
 * Gives a builder every option that `options` has a value for.
 *
 * @throws {TypeError | RangeError} If a value is wrong, or the option does not go with the kind of mapping.
 */
export function applyMappingOptions<M extends InboundMap | OutboundMap>(
  map: M,
  options: MappingOptions,
): M {
  for (const name of MAPPING_OPTION_NAMES) apply(map, name, options);
  return map;
}

function apply<Name extends MappingOptionName>(
  map: InboundMap | OutboundMap,
  name: Name,
  options: MappingOptions,
): void {
  const value = options[name];
  if (value === undefined) return;
  if (!goesWith(name, map.kind)) {
    throw new TypeError(`Cannot apply "${name}": it goes with inbound mappings only`);
  }
  const option: MappingOption<NonNullable<MappingOptions[Name]>> = MAPPING_OPTIONS[name];
  option.apply(map as InboundMap, value);
}

/** IANA's numbers of the protocols that have a name. */
const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17 };

/** @throws {TypeError} If the text is not hexadecimal digits in pairs. */
function parseHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text)) {
    throw new TypeError(
      `Cannot read the third party id: it must be hexadecimal digits in pairs, got "${text}"`,
    );
  }
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}
