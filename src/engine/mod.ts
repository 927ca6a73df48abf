/**
 * The protocol machine behind the client, without I/O: time, datagrams and random numbers go in, and everything that is to
 * be done comes out.
 *
 * ```ts
 * import { Engine } from "@portcontrol/pcp/engine";
 * import { IpAddress } from "@portcontrol/pcp/wire";
 *
 * const engine = new Engine({
 *   server: { address: IpAddress.parse("192.0.2.1"), port: 5351 },
 *   clientAddress: IpAddress.parse("192.0.2.2"),
 *   random: () => 0.5,
 *   randomWord: () => 4, // a real one must be unguessable
 * });
 * const outputs = engine.step(0, { type: "announce" });
 * console.assert(outputs[0]?.type === "send");
 * console.assert(engine.deadline === 3000);
 * ```
 *
 * @module
 */
export { defaultConfig, type EngineConfig } from "./config.ts";
export { Engine } from "./engine.ts";
export type { EngineOptions } from "./engine_options.ts";
export { type EpochSample, isEpochValid } from "./epoch.ts";
export {
  type Assignment,
  type Defect,
  type IgnoreReason,
  type Input,
  type InquiryResult,
  type KnownMapping,
  type KnownUpnpMapping,
  LocalCode,
  type MappingId,
  type MappingState,
  type Milliseconds,
  type Output,
} from "./events.ts";
export type { GatewayState, KnownGateway } from "./gateway_knowledge.ts";
export type { MappingSpec } from "./mapping_spec.ts";
export type { Obstacle, Unsupported } from "./obstacle.ts";
export { type Protocol, PROTOCOLS } from "./protocol.ts";
export type { ReusableMapping } from "./mapping.ts";
export { checkSpec } from "./check_spec.ts";
export type {
  ExchangeFailure,
  FoundDevice,
  UpnpExchange,
  UpnpInput,
  UpnpOutput,
  UpnpRecord,
} from "./upnp_io.ts";
export type { Endpoint, Family } from "../wire/address.ts";
export { IpAddress } from "../wire/address.ts";
export { Nonce } from "../wire/nonce.ts";
export type { DecodeReason } from "../wire/errors.ts";
export type * from "../wire/option_type.ts";
export type { EndedMapping } from "./port_reuse.ts";
