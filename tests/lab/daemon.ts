import { LabProcess } from "./process.ts";
import { EXTERNAL_IPV4, INSIDE_NETWORK, type Topology } from "./topology.ts";

/** Lines of miniupnpd.conf; `undefined` omits a default line. */
export type Configuration = Readonly<Record<string, string | undefined>>;

/** The router's PCP server: miniupnpd. */
export class Daemon {
  readonly #topology: Topology;
  #configuration: Configuration;
  #process: LabProcess | undefined;
  #log = "";

  constructor(topology: Topology, configuration: Configuration) {
    this.#topology = topology;
    this.#configuration = configuration;
  }

  /** The log of all daemons so far. */
  get log(): string {
    return `${this.#log}${this.#process?.errors ?? ""}`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Changes the configuration from the next start on. */
  configure(changes: Configuration): void {
    this.#configuration = { ...this.#configuration, ...changes };
  }

  /** Starts the daemon and returns when it listens. */
  async start(): Promise<void> {
    const { directory, router } = this.#topology;
    const pidFile = `${directory}/miniupnpd.pid`;
    await Deno.writeTextFile(`${directory}/miniupnpd.conf`, this.#text());
    await Deno.writeTextFile(pidFile, ""); // with the file of its predecessor it would refuse to start
    const command = [
      "ip",
      "netns",
      "exec",
      router,
      "miniupnpd",
      "-d",
      "-f",
      `${directory}/miniupnpd.conf`,
      "-P",
      pidFile,
    ];
    this.#process = new LabProcess(command);
    await this.#process.expectError("Listening for NAT-PMP/PCP traffic", 5_000);
  }

  /** Kills the daemon, so that it does not clean up. */
  async stop(): Promise<void> {
    await this.#process?.kill();
    this.#log = this.log;
    this.#process = undefined;
  }

  #text(): string {
    const { vx, vr } = this.#topology;
    const lines = Object.entries({
      ...DEFAULTS,
      ext_ifname: vx,
      listening_ip: vr,
      ...this.#configuration,
    });
    const settings = lines.filter(([, value]) => value !== undefined).map(([name, value]) =>
      `${name}=${value}`
    );
    return [...settings, ...PERMISSIONS, ""].join("\n");
  }
}

const DEFAULTS: Configuration = {
  ext_ip: EXTERNAL_IPV4,
  enable_natpmp: "yes", // enables PCP too
  enable_upnp: "no",
  system_uptime: "no", // the epoch counts from the daemon's start
  min_lifetime: "10",
  max_lifetime: "86400",
  secure_mode: "yes",
  pcp_allow_thirdparty: "yes",
  upnp_table_name: "filter",
  upnp_nat_table_name: "filter",
  uuid: "00000000-0000-0000-0000-000000000000",
};

const PERMISSIONS = [`allow 1-65535 ${INSIDE_NETWORK} 1-65535`, "deny 0-65535 0.0.0.0/0 0-65535"];
