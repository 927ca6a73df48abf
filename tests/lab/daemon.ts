import { MIN_LIFETIME } from "./lifetimes.ts";
import { LabProcess, run, until } from "./process.ts";
import { EXTERNAL_IPV4, INSIDE_NETWORK, type Topology } from "./topology.ts";

/** Lines of miniupnpd.conf; `undefined` omits a default line. */
export type Configuration = Readonly<Record<string, string | undefined>>;

/** How the daemon runs, besides its configuration. */
export interface DaemonOptions {
  /**
   * Which ports it allows. `shipped`: what miniupnpd and OpenWrt ship, the ports from 1024. `wide`: all but port 0. Default
   * `shipped`.
   */
  readonly rules?: "shipped" | "wide";
  /**
   * Without a log. With one, a request that no rule allows writes 65,535 lines and keeps the daemon busy for a minute, so
   * tests of refusals need this.
   */
  readonly quiet?: boolean;
  /** Speaks UPnP IGD of this version, and neither PCP nor NAT-PMP. Default PCP and NAT-PMP. */
  readonly upnp?: 1 | 2;
}

/** The router's server: miniupnpd. */
export class Daemon {
  readonly #topology: Topology;
  readonly #options: DaemonOptions;
  #configuration: Configuration;
  #process: LabProcess | undefined;
  /** Process id of a daemon without a log. */
  #background: number | undefined;
  #log = "";

  constructor(topology: Topology, configuration: Configuration, options: DaemonOptions) {
    this.#topology = topology;
    this.#options = options;
    this.#configuration = configuration;
  }

  /** The log of all daemons so far. */
  get log(): string {
    return `${this.#log}${this.#process?.errors ?? ""}`;
  }

  get pid(): number | undefined {
    return this.#background ?? this.#process?.pid;
  }

  /** Changes the configuration from the next start on. */
  configure(changes: Configuration): void {
    this.#configuration = { ...this.#configuration, ...changes };
  }

  /** Starts the daemon and returns when it listens. */
  async start(): Promise<void> {
    const { directory, router } = this.#topology;
    const { quiet = false } = this.#options;
    const pidFile = `${directory}/miniupnpd.pid`;
    await Deno.writeTextFile(`${directory}/miniupnpd.conf`, this.#text());
    await Deno.writeTextFile(pidFile, ""); // with the file of its predecessor it would refuse to start
    const command = [
      "ip",
      "netns",
      "exec",
      router,
      "miniupnpd",
      ...(quiet ? [] : ["-d"]),
      "-f",
      `${directory}/miniupnpd.conf`,
      "-P",
      pidFile,
    ];
    if (quiet) return await this.#startInBackground(command, pidFile);
    this.#process = new LabProcess(command);
    await this.#process.expectError(
      this.#options.upnp === undefined ? "Listening for NAT-PMP/PCP traffic" : "HTTP listening on",
      5_000,
    );
  }

  /** Kills the daemon, so that it does not clean up. */
  async stop(): Promise<void> {
    await this.#process?.kill();
    if (this.#background !== undefined) await killAndWait(this.#background);
    this.#background = undefined;
    this.#log = this.log;
    this.#process = undefined;
  }

  /** Without `-d` the daemon leaves the command that starts it, and its process id is in the file. */
  async #startInBackground(command: readonly string[], pidFile: string): Promise<void> {
    await run(command);
    await until(async () => {
      this.#background = Number(await Deno.readTextFile(pidFile)) || undefined;
      return this.#background === undefined ? "miniupnpd has written no process id" : undefined;
    }, 5_000);
  }

  #text(): string {
    const { vx, vr } = this.#topology;
    const lines = Object.entries({
      ...DEFAULTS,
      ...UPNP[this.#options.upnp ?? 0],
      ext_ifname: vx,
      listening_ip: vr,
      ...this.#configuration,
    });
    const settings = lines.filter(([, value]) => value !== undefined).map(([name, value]) =>
      `${name}=${value}`
    );
    return [...settings, ...RULES[this.#options.rules ?? "shipped"], ""].join("\n");
  }
}

const DEFAULTS: Configuration = {
  ext_ip: EXTERNAL_IPV4,
  enable_natpmp: "yes", // enables PCP too
  enable_upnp: "no",
  system_uptime: "no", // the epoch counts from the daemon's start
  min_lifetime: String(MIN_LIFETIME),
  max_lifetime: "86400",
  secure_mode: "yes",
  pcp_allow_thirdparty: "yes",
  upnp_table_name: "filter",
  upnp_nat_table_name: "filter",
  uuid: "00000000-0000-0000-0000-000000000000",
};

/** By the version of the device; 0 is none. */
const UPNP: Readonly<Record<0 | 1 | 2, Configuration>> = (() => {
  const on = { enable_upnp: "yes", enable_natpmp: "no", http_port: "5555" };
  return { 0: {}, 1: { ...on, force_igd_desc_v1: "yes" }, 2: on };
})();

const DENY = "deny 0-65535 0.0.0.0/0 0-65535";

/** The rules of miniupnpd.conf. */
const RULES = {
  shipped: [`allow 1024-65535 ${INSIDE_NETWORK} 1024-65535`, DENY],
  wide: [`allow 1-65535 ${INSIDE_NETWORK} 1-65535`, DENY],
};

async function killAndWait(pid: number): Promise<void> {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended
  }
  await until(
    async () => await isRunning(pid) ? `miniupnpd ${pid} has not ended` : undefined,
    5_000,
  );
}

/** Whether the process exists and is more than an entry that its parent has not read. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await Deno.readTextFile(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
