import { Claim } from "./claim.ts";
import { LabProcess, run, toolEnvironment } from "./process.ts";
import { batch } from "./topology.ts";

/** A host in a network namespace of its own, whose cables end in a second one. Nothing answers there. */
export class HostNamespace implements AsyncDisposable {
  readonly #claim: Claim;
  readonly #device: LabProcess[] = [];

  static async build(): Promise<HostNamespace> {
    const host = new HostNamespace(await Claim.take());
    try {
      for (const namespace of [host.#inside, host.#outside]) {
        await run(["ip", "netns", "add", namespace]);
        // Duplicate address detection would take two seconds.
        const noDad =
          'for f in all default; do echo 0 >"/proc/sys/net/ipv6/conf/$f/accept_dad"; done';
        await run(["ip", "netns", "exec", namespace, "sh", "-ec", noDad]);
      }
      await host.ip("link set lo up");
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(claim: Claim) {
    this.#claim = claim;
  }

  /** Runs `ip` commands in the host, all or the first that fails. */
  async ip(...commands: readonly string[]): Promise<void> {
    await batch(this.#inside, commands);
  }

  /** An Ethernet interface with an address, whose other end is up. */
  async cable(name: string, cidr?: string): Promise<void> {
    const far = `p${name}`;
    await run([
      ...["ip", "link", "add", name, "netns", this.#inside],
      ...["type", "veth", "peer", "name", far, "netns", this.#outside],
    ]);
    await batch(this.#outside, [`link set ${far} up`]);
    await this.ip(
      `link set ${name} up`,
      ...cidr === undefined ? [] : [`addr add ${cidr} dev ${name}`],
    );
  }

  /** A TUN or TAP device with an address; a program is its other end, so that it has a carrier. */
  async device(name: string, mode: "tun" | "tap", cidr: string): Promise<void> {
    const open = new LabProcess([...this.#exec, "python3", "-c", OPEN_DEVICE, name, mode]);
    this.#device.push(open);
    await open.expectLine((line) => line["text"] === "open", 10_000, "the device");
    await this.ip(`link set ${name} up`, `addr add ${cidr} dev ${name}`);
  }

  /**
   * Runs Deno in the host.
   *
   * @param path Where it finds programs; that of this process by default.
   */
  async deno(args: readonly string[], path?: string): Promise<{ stdout: string; stderr: string }> {
    const [program = "", ...rest] = this.#exec;
    const variables = path === undefined ? [] : ["env", `PATH=${path}`];
    const command = new Deno.Command(program, {
      args: [...rest, ...variables, Deno.execPath(), ...args],
      cwd: ROOT,
      env: toolEnvironment(),
      stdin: "null",
    });
    const { stdout, stderr } = await command.output();
    const text = new TextDecoder();
    return { stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  /** Starts a program of the lab in the host. */
  start(file: string, ...args: readonly string[]): LabProcess {
    const path = new URL(file, import.meta.url).pathname;
    const deno = [Deno.execPath(), "run", "-A", "--no-check", "--unstable-net"];
    return new LabProcess([...this.#exec, ...deno, path, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.#device) await device.kill();
    await this.#claim.release();
  }

  get #inside(): string {
    return `${this.#claim.prefix}-in`;
  }

  get #outside(): string {
    return `${this.#claim.prefix}-out`;
  }

  get #exec(): string[] {
    return ["ip", "netns", "exec", this.#inside];
  }
}

const ROOT = new URL("../../", import.meta.url);

/** Opens the device, and holds it until the end of stdin. */
const OPEN_DEVICE = `
import fcntl, os, struct, sys
name, mode = sys.argv[1:]
device = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(device, 0x400454ca, struct.pack("16sH", name.encode(), (1 if mode == "tun" else 2) | 0x1000))
print("open", flush=True)
sys.stdin.read()
`;
