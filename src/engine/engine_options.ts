import type { Endpoint, IpAddress } from "../wire/address.ts";
import type { EngineConfig } from "./config.ts";

/** What an engine is made of. */
export interface EngineOptions {
  /** Where requests go and answers come from; several addresses of one server are asked in turn (RFC 7488). */
  readonly server: Endpoint | readonly Endpoint[];
  /** The address that requests are sent from; it stands in every request (RFC 6887 section 8.1). */
  readonly clientAddress: IpAddress;
  /** Uniform in [0, 1), for waits. */
  readonly random: () => number;
  /** 32 unguessable bits a call, for nonces (RFC 6887 section 11.2). */
  readonly randomWord: () => number;
  /** Numbers that differ from {@linkcode defaultConfig}. */
  readonly config?: Partial<EngineConfig>;
}
