import { ROOT } from "../tools/repository.ts";

/** Where the clients of the bench and their gateway are. */
export interface BenchNetwork {
  /** Address of the clients. */
  readonly client: string;
  /** Address of the gateway. */
  readonly server: string;
  /** What a command of the gateway begins with. */
  readonly onServer: readonly string[];
  /** Whether the clients find the gateway by themselves, on the standard port. */
  readonly hasRoute: boolean;
}

/**
 * The network of this process: a veth pair if {@linkcode runInNamespaces} started it, else loopback, which hides what the
 * client does about routes, announcements and changes of the network.
 */
export function benchNetwork(): BenchNetwork {
  const server = Deno.env.get(SERVER_NAMESPACE);
  if (server === undefined) {
    return { client: "127.0.0.1", server: "127.0.0.1", onServer: [], hasRoute: false };
  }
  return { client: CLIENT, server: SERVER, onServer: inNamespace(server), hasRoute: true };
}

/**
 * Runs the bench again in a network namespace whose default route leads to another one over a veth pair.
 *
 * @returns Its exit code; undefined where namespaces are not possible, or if this process is in one.
 */
export async function runInNamespaces(args: readonly string[]): Promise<number | undefined> {
  if (Deno.env.get(SERVER_NAMESPACE) !== undefined || Deno.uid() !== 0) return undefined;
  const [client, server] = [`pcp-bench-${Deno.pid}-c`, `pcp-bench-${Deno.pid}-s`];
  const [near, far] = [`bc${Deno.pid}`, `bs${Deno.pid}`];
  try {
    for (
      const command of [
        `netns add ${client}`,
        `netns add ${server}`,
        `link add ${near} netns ${client} type veth peer name ${far} netns ${server}`,
        `-n ${client} addr add ${CLIENT}/24 dev ${near}`,
        `-n ${server} addr add ${SERVER}/24 dev ${far}`,
        ...[client, server].map((namespace) => `-n ${namespace} link set lo up`),
        `-n ${client} link set ${near} up`,
        `-n ${server} link set ${far} up`,
        `-n ${client} route add default via ${SERVER}`,
      ]
    ) {
      if (!await ip(command)) return undefined;
    }
    const [program = "", ...rest] = [
      ...inNamespace(client),
      ...[Deno.execPath(), "run", "-A", "tests/bench/bench.ts", ...args],
    ];
    const env = { [SERVER_NAMESPACE]: server };
    const { code } = await new Deno.Command(program, { args: rest, cwd: ROOT, env }).spawn().status;
    return code;
  } finally {
    for (const namespace of [client, server]) await ip(`netns del ${namespace}`);
  }
}

async function ip(command: string): Promise<boolean> {
  try {
    const options = { args: command.split(" "), stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command("ip", options).output()).success;
  } catch {
    return false; // there is no such program
  }
}

function inNamespace(namespace: string): string[] {
  return ["ip", "netns", "exec", namespace];
}

/** Environment variable with the namespace of the gateway. */
const SERVER_NAMESPACE = "PCP_BENCH_SERVER_NAMESPACE";
const CLIENT = "10.77.0.2";
const SERVER = "10.77.0.1";
