import type { Clock } from "../clock.ts";
import type { PcpError } from "../pcp_error.ts";
import type { AnnounceRequests } from "./announce_requests.ts";
import {
  GatewayError,
  MappingLostError,
  PermanentMappingError,
  RenewalRefusedError,
  ServerRestartedError,
} from "./errors.ts";
import type { GatewayMonitor } from "./gateway_monitor.ts";
import type { MappingRegistry } from "./mapping_registry.ts";
import type { ClientOutput } from "./network/driver.ts";
import { RestartNotices } from "./restart_notices.ts";
import type { Statistics } from "./stats.ts";

/** The parts of a client that outputs of its engine go to. */
export interface OutputDispatchOptions {
  readonly clock: Clock;
  readonly registry: MappingRegistry;
  readonly announceRequests: AnnounceRequests;
  readonly gateway: GatewayMonitor;
  readonly statistics: Statistics;
  readonly report: (error: PcpError) => void;
  /** What is known of the gateway, in a sentence without a period. */
  readonly describeGateway: () => string;
  /** Whether a later run can delete what a crash leaves. */
  readonly hasStore: boolean;
  /** A request is sent again because no response came. */
  readonly onRetransmission: () => void;
}

/** Passes each output of the engine to the part of the client that it concerns. */
export class OutputDispatch {
  readonly #options: OutputDispatchOptions;
  readonly #restarts: RestartNotices;
  #hasWarned = false;

  constructor(options: OutputDispatchOptions) {
    const { clock, report } = options;
    this.#options = options;
    this.#restarts = new RestartNotices(clock, ({ epoch, count }) => {
      report(new ServerRestartedError(epoch, count));
    });
  }

  /** Reports what waits, and nothing more. */
  close(): void {
    this.#restarts.close();
  }

  /** Once: every mapping at that gateway is permanent. */
  #warn({ id, assignment }: ClientOutput & { type: "granted" }): void {
    const { registry, hasStore, report } = this.#options;
    if (assignment.permanent === undefined || hasStore || this.#hasWarned) return;
    this.#hasWarned = true;
    report(new PermanentMappingError(registry.idOf(id)));
  }

  take(output: ClientOutput): void {
    const { registry, announceRequests, gateway, statistics, report } = this.#options;
    switch (output.type) {
      case "state":
        if ("attempt" in output.state && output.state.attempt > 0) {
          statistics.retransmitted();
          this.#options.onRetransmission();
        }
        return registry.stateChanged(output);
      case "granted":
        this.#warn(output);
        return registry.granted(output);
      case "lost":
        return registry.lost(output.id);
      case "renewalRefused": {
        const { id, code, retryIn, upnpCode } = output;
        return report(new RenewalRefusedError(registry.idOf(id), code, retryIn, upnpCode));
      }
      case "entryLost":
        return report(new MappingLostError(registry.idOf(output.id)));
      case "serverRestarted":
        registry.restarted();
        return this.#restarts.put(output.epoch);
      case "announced":
        return announceRequests.succeeded(output);
      case "announceFailed":
        return announceRequests.failed(output);
      case "prefix64":
        return announceRequests.prefixesReceived(output);
      case "gateway":
        gateway.changed(output);
        if (output.state === "silent" || output.state === "refuses") {
          report(new GatewayError(output.state, this.#options.describeGateway()));
        }
        return;
      case "inquired":
        return gateway.inquired(output);
      case "serverChanged":
        return;
      case "ignored":
        return statistics.ignored(output.reason);
    }
  }
}
