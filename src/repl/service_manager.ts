import { type Clock, systemClock } from "../../mod.ts";
import { runtime } from "../runtime/running.ts";

/** Reports the state of this program to the service manager that started it: `sd_notify` of systemd. */
export class ServiceManager {
  readonly #send: (text: string) => void;
  readonly #clock: Clock;
  #cancel = (): void => {};
  #isReady = false;

  private constructor(send: (text: string) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Undefined without such a manager, or where this runtime has no UNIX datagrams (Deno needs `--unstable-net`). */
  static find(clock: Clock = systemClock): ServiceManager | undefined {
    const path = runtime.env("NOTIFY_SOCKET") ?? "";
    const send = path.startsWith("/") ? runtime.unixDatagrams(path) : undefined;
    if (send === undefined) return undefined;
    const manager = new ServiceManager(send, clock);
    const interval = Number(runtime.env("WATCHDOG_USEC")) / 1000;
    const pid = runtime.env("WATCHDOG_PID");
    if (interval > 0 && (pid === undefined || pid === String(runtime.pid))) {
      manager.#watch(interval / 2);
    }
    return manager;
  }

  /** The ports are open. */
  ready(): void {
    if (!this.#isReady) this.#send("READY=1");
    this.#isReady = true;
  }

  /** Says in one line what is waited for, or what is open. */
  status(text: string): void {
    this.#send(`STATUS=${text.replaceAll("\n", " ")}`);
  }

  /** The program ends. */
  stopping(): void {
    this.#cancel();
    this.#send("STOPPING=1");
  }

  /** A process that hangs sends nothing, and is ended by the manager. */
  #watch(interval: number): void {
    this.#send("WATCHDOG=1");
    this.#cancel = this.#clock.alarm(this.#clock.now() + interval, () => this.#watch(interval));
  }
}
