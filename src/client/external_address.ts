import type { InquiryResult } from "../engine/events.ts";
import type { Protocol } from "../engine/protocol.ts";
import { type Family, IpAddress } from "../wire/address.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import { ResultCode, resultName } from "../wire/result_code.ts";
import { abortable } from "../abortable.ts";
import { ResultCodeError } from "./errors.ts";
import { InboundMap } from "./inbound_map.ts";
import type { MapHandle } from "./map_handle.ts";

/** Where the external address can be found. */
export interface ExternalAddressSources {
  /** The protocol of the gateway's answers, undefined before the first one. */
  readonly protocol: () => Protocol | undefined;
  readonly mappings: readonly MapHandle[];
  /** The family of the client's address. */
  readonly family: Family;
  /** Requests a mapping in PCP or not at all. */
  readonly request: (map: InboundMap) => MapHandle;
  /** Asks the gateway which protocol it speaks, and in protocols that know it for the address. */
  readonly inquire: (signal: AbortSignal | undefined) => Promise<InquiryResult>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Finds the external address: in PCP by a short mapping of a random high port (RFC 6887 section 11.6), or if that is refused
 * by one that is alive; in other protocols by their own question, without a mapping (RFC 6886 section 3.2).
 */
export async function findExternalAddress(
  sources: ExternalAddressSources,
  { signal }: { readonly signal?: AbortSignal },
): Promise<string> {
  const { protocol, inquire } = sources;
  let refusal: unknown;
  if (protocol() === undefined || protocol() === "pcp") {
    try {
      return await byMapping(sources, signal);
    } catch (error) {
      if (!(error instanceof ResultCodeError)) throw error;
      const known = knownAddress(sources);
      if (known !== undefined) return known;
      if (error.code !== ResultCode.UnsuppVersion) throw error;
      refusal = error;
    }
  }
  while (true) {
    const answer = await inquire(signal);
    if (answer.protocol === "pcp") return await byMapping(sources, signal);
    if (answer.protocol !== undefined) return addressIn(answer);
    if (refusal !== undefined) throw refusal;
  }
}

/** The external address of a mapping of this host that is alive. */
export function knownAddress(
  { mappings, family }: Pick<ExternalAddressSources, "mappings" | "family">,
): string | undefined {
  return mappings
    .filter(({ spec }) => !spec.options.some(({ type }) => type === "thirdParty"))
    .map(({ assigned }) => assigned?.externalAddress)
    .find((address) => address !== undefined && IpAddress.parse(address).family === family);
}

function addressIn({ result = ResultCode.NetworkFailure, address }: InquiryResult): string {
  if (address !== undefined) return address.toString();
  const code = result === ResultCode.Success ? ResultCode.NetworkFailure : result;
  const attempt = "Cannot find the external address";
  throw new ResultCodeError(attempt, code, resultName(code), undefined);
}

async function byMapping(
  sources: ExternalAddressSources,
  signal: AbortSignal | undefined,
): Promise<string> {
  const map = new InboundMap(freePort(sources), LIFETIME).protocol(ProtocolNumber.Udp);
  const mapping = sources.request(map);
  let isOpen = false;
  try {
    const { externalAddress } = await mapping.ready(signal === undefined ? {} : { signal });
    isOpen = true;
    return externalAddress;
  } finally {
    const deleted = mapping[Symbol.asyncDispose]();
    // An abort ends the wait with the caller's own reason; the deletion continues. So does that of what never was answered.
    if (isOpen) await abortable(deleted, signal).catch(() => {});
  }
}

/** A random high port, because many servers map ports from 1024 on only. Not one that has a mapping. */
function freePort({ mappings, random }: ExternalAddressSources): number {
  const used = new Set(mappings.map(({ internalPort }) => internalPort));
  const start = Math.floor(random() * HIGH_PORTS);
  for (let step = 0; step < HIGH_PORTS; step++) {
    const port = FIRST_HIGH_PORT + (start + step) % HIGH_PORTS;
    if (!used.has(port)) return port;
  }
  return FIRST_HIGH_PORT;
}

/** The dynamic ports (RFC 6335 section 6: 49152 to 65535). */
const FIRST_HIGH_PORT = 49_152;
const HIGH_PORTS = 16_384;

/** Seconds; common servers grant no less (RFC 6887 section 15 recommends 2 minutes). */
const LIFETIME = 120;
