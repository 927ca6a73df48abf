import type { IgnoreReason, Milliseconds } from "./events.ts";
import type {
  Fallback,
  FallbackEvents,
  FallbackFactory,
  FallbackHost,
  FallbackState,
} from "./fallback.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import type { Obstacle } from "./obstacle.ts";
import type { UpnpInput } from "./upnp_io.ts";
import { upnpObstacle } from "./upnp_terms.ts";

/**
 * Makes a stand-in for UPnP, whose module is loaded when it is first needed.
 *
 * @param loaded Returns what the module makes UPnP with, after the input `loaded`.
 */
export function lateUpnp(loaded: () => FallbackFactory | undefined): FallbackFactory {
  return (events, host) => new LateFallback(events, host, loaded);
}

/** Keeps what is wanted until the module is loaded, and hands it over then. */
class LateFallback implements Fallback {
  readonly protocol = "upnp";
  readonly #events: FallbackEvents;
  readonly #host: FallbackHost;
  readonly #loaded: () => FallbackFactory | undefined;
  readonly #waiting = new Set<Mapping>();
  #loading: "not begun" | "under way" | "failed" = "not begun";
  #isAddressWanted = false;
  #real: Fallback | undefined;

  constructor(
    events: FallbackEvents,
    host: FallbackHost,
    loaded: () => FallbackFactory | undefined,
  ) {
    this.#events = events;
    this.#host = host;
    this.#loaded = loaded;
  }

  get state(): FallbackState {
    if (this.#real !== undefined) return this.#real.state;
    if (this.#loading === "failed") return "silent";
    return this.#loading === "under way" ? "asked" : "unasked";
  }

  get deadline(): Milliseconds {
    if (this.#real !== undefined) return this.#real.deadline;
    return this.#loading === "failed" && this.#waiting.size > 0 ? -Infinity : Infinity;
  }

  get isBusy(): boolean {
    return this.#real?.isBusy ?? (this.#loading === "under way" || this.#waiting.size > 0);
  }

  obstacle(spec: MappingSpec): Obstacle | undefined {
    return upnpObstacle(spec, this.#host.clientAddress);
  }

  ask(now: Milliseconds): void {
    if (this.#real !== undefined) return this.#real.ask(now);
    this.#isAddressWanted = true;
    this.#load();
  }

  add(mapping: Mapping, now: Milliseconds): void {
    if (this.#real !== undefined) return this.#real.add(mapping, now);
    this.#waiting.add(mapping);
    this.#load();
  }

  remove(mapping: Mapping): void {
    this.#real?.remove(mapping);
    this.#waiting.delete(mapping);
  }

  wake(now: Milliseconds): void {
    if (this.#real !== undefined) return this.#real.wake(now);
    if (this.#loading === "failed") this.#giveUp();
  }

  unreachable(): void {
    this.#real?.unreachable();
  }

  moved(): void {
    this.#real?.moved();
    this.#waiting.clear();
    this.#isAddressWanted = false;
  }

  refresh(now: Milliseconds): void {
    this.#real?.refresh?.(now);
  }

  take(now: Milliseconds, event: UpnpInput): IgnoreReason | undefined {
    if (this.#real !== undefined) return this.#real.take?.(now, event);
    const isLoadEvent = event.type === "loaded" || event.type === "loadFailed";
    if (!isLoadEvent || this.#loading !== "under way") return "stale";
    const create = event.type === "loaded" ? this.#loaded() : undefined;
    if (create !== undefined) return this.#begin(now, create);
    this.#loading = "failed";
    this.#giveUp();
    return undefined;
  }

  #begin(now: Milliseconds, create: FallbackFactory): undefined {
    this.#real = create(this.#events, this.#host);
    if (this.#isAddressWanted) this.#real.ask(now);
    for (const mapping of this.#waiting) this.#real.add(mapping, now);
    this.#waiting.clear();
    return undefined;
  }

  #load(): void {
    if (this.#loading !== "not begun") return;
    this.#loading = "under way";
    this.#host.act({ type: "load" });
  }

  #giveUp(): void {
    const given = [...this.#waiting];
    this.#waiting.clear();
    for (const mapping of given) {
      this.#events.giveUp(mapping, this.#host.config.maximumLongHold);
    }
  }
}
