import { figure, markdown } from "./table.ts";

/** The library beside other clients, measured by hand in one run. Plain JSON: `peers.json`. */
export interface Peers {
  /** When, in ISO 8601. */
  readonly date: string;
  /** The version of the library that was measured. */
  readonly commit: string;
  readonly machine: string;
  /** Milliseconds of whole processes that find the gateway and open one mapping, as people start them. */
  readonly starts: readonly Start[];
  readonly clients: readonly Peer[];
}

/** A whole process, from start to end. */
export interface Start {
  readonly name: string;
  readonly ms: number;
  readonly kind: "library" | "native" | "script" | "floor";
}

/** What one client did. Times are in milliseconds, memory is the peak in MB. */
export interface Peer {
  readonly name: string;
  readonly language: string;
  readonly establish: readonly {
    readonly count: number;
    /** From the start of the client to the last confirmation. */
    readonly run: number;
    /** Of the whole process, as are processor time and memory. */
    readonly wall: number;
    readonly cpu: number;
    readonly memory: number;
  }[];
  /** Mappings of 30 s held for 60 s; missing if the client could not. */
  readonly hold?: readonly {
    readonly count: number;
    readonly cpu: number;
    readonly memory: number;
  }[];
  /** Seconds until 100 mappings are confirmed with every tenth request lost, null if that never happens. */
  readonly loss?: number | null;
}

/** The part of docs/performance.md about other clients. */
export function peersBlock({ date, commit, machine, starts, clients }: Peers): string {
  const first = starts.map(({ name, ms }) => [name, figure(ms, "ms")]);
  const head = ["client", "language", ...COUNTS.map((count) => count.toLocaleString("en"))];
  const lines = clients.map(({ name, language, establish, hold, loss }) => {
    const of = (count: number) => establish.find((each) => each.count === count);
    const held = hold?.find(({ count }) => count === 1_000);
    return [
      name,
      language,
      ...COUNTS.map((count) => {
        const found = of(count);
        return found === undefined ? "-" : `${plain(found.run)} / ${plain(found.wall)}`;
      }),
      plain(of(10_000)?.memory),
      held === undefined ? "-" : `${plain(held.cpu)} / ${plain(held.memory)}`,
      loss === null ? "never" : plain(loss),
    ];
  });
  const more = ["memory at 10,000, MB", "holding 1,000: CPU ms / MB", "10 % lost: s"];
  return `
Measured on ${date}, at commit ${commit}, on ${machine}.

Whole processes that open one mapping as people start them, finding the gateway by themselves:

${markdown(["program", "start to end"], first)}

Milliseconds until N mappings are confirmed, from the start of the client / of the whole process:

${markdown([...head, ...more], lines)}

`;
}

function plain(value: number | undefined): string {
  return value === undefined ? "-" : value.toLocaleString("en");
}

const COUNTS = [1, 10, 100, 1_000, 10_000];
