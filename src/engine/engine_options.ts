import type { Endpoint, IpAddress } from "../wire/address.ts";
import type { EngineConfig } from "./config.ts";
import type { FallbackFactory } from "./fallback.ts";
import type { Protocol } from "./protocol.ts";

/** What an engine is made of. */
export interface EngineOptions {
  /** Where requests go and responses come from. Several addresses of one server are tried in turn (RFC 7488 section 3). */
  readonly server: Endpoint | readonly Endpoint[];
  /** The source address of all requests, which each of them contains (RFC 6887 section 8.1). */
  readonly clientAddress: IpAddress;
  /** Uniform in [0, 1), for waits. */
  readonly random: () => number;
  /** 32 unguessable bits a call, for nonces (RFC 6887 section 11.2). */
  readonly randomWord: () => number;
  /** The protocols that may be used; all by default. One of them alone is used without trying another. */
  readonly protocols?: readonly Protocol[];
  /**
   * Makes the protocols after NAT-PMP, in the order in which they are tried; none by default.
   *
   * @internal
   */
  readonly fallbacks?: readonly FallbackFactory[];
  /** Numbers that differ from {@linkcode defaultConfig}. */
  readonly config?: Partial<EngineConfig>;
}
