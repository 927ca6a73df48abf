import type { Clock } from "../../clock.ts";
import type { Surroundings } from "../../discovery/surroundings.ts";
import type { InquiryResult } from "../../engine/events.ts";
import { IpAddress } from "../../wire/address.ts";
import { ResultCode, resultName } from "../../wire/result_code.ts";
import { addressKind } from "../address_kind.ts";
import { ResultCodeError } from "../errors.ts";
import { knownAddress } from "../external_address.ts";
import type { MapHandle } from "../map_handle.ts";
import type { Announcements } from "../network/connection.ts";
import type { UpnpSightings } from "../network/upnp_connection.ts";
import type { Diagnosis, Refusal } from "./diagnosis.ts";
import { findings } from "./findings.ts";

/** What a diagnosis is made from: the client's own knowledge of the gateway, so that both agree. */
export interface DiagnosisInput {
  readonly client: IpAddress;
  readonly server: string;
  readonly port: number;
  readonly clock: Clock;
  readonly mappings: readonly MapHandle[];
  readonly announcements: Announcements;
  readonly upnp: UpnpSightings;
  /** Asks the gateway which protocol it speaks. */
  readonly inquire: (signal: AbortSignal | undefined) => Promise<InquiryResult>;
  /** What is known of the gateway, in a sentence without a period. */
  readonly describeGateway: () => string;
  /** The system's message, if the last send failed on this host. */
  readonly sendError: () => string | undefined;
  /** Requests the external address, and leaves no mapping behind. */
  readonly externalAddress: (signal: AbortSignal) => Promise<string>;
  /** Where this program runs, if the gateway there is not the router. */
  readonly surroundings: ((client: string) => Promise<Surroundings | undefined>) | undefined;
}

/** Asks the gateway for its protocol, 8 s at most, then finds the external address, 4 s at most. */
export async function diagnose(
  input: DiagnosisInput,
  signal: AbortSignal | undefined,
): Promise<Diagnosis> {
  const answer = await input.inquire(signal);
  const external = await findExternal(input, answer, signal);
  const { epoch = null, roundTrip = null } = answer;
  const { externalAddress } = external;
  const protocol = answer.protocol === undefined ? null : NAMES[answer.protocol] ?? null;
  const refusal = refusalOf(answer) ?? external.refusal;
  const kind = externalAddress === null ? null : addressKind(IpAddress.parse(externalAddress));
  const facts: Omit<Diagnosis, "findings"> = {
    ok: protocol !== null && refusal === null && kind === "global",
    client: input.client.toString(),
    server: input.server,
    port: input.port,
    protocol,
    roundTrip,
    epoch,
    upSince: epoch === null ? null : new Date(Date.now() - epoch * 1000).toISOString(),
    externalAddress,
    addressKind: kind,
    refusal,
    announcements: input.announcements,
  };
  const gateway = {
    sentence: input.describeGateway(),
    version: answer.version,
    sendError: input.sendError(),
    upnp: input.upnp,
  };
  const mayBeOtherGateway = protocol === null || refusal?.code === ResultCode.AddressMismatch;
  const surroundings = mayBeOtherGateway ? await input.surroundings?.(facts.client) : undefined;
  return { ...facts, findings: findings(facts, gateway, surroundings) };
}

type External = Pick<Diagnosis, "externalAddress" | "refusal">;

/** Takes the external address from the answer or from a mapping, and requests it only if neither has it. */
async function findExternal(
  input: DiagnosisInput,
  { protocol, address }: InquiryResult,
  signal: AbortSignal | undefined,
): Promise<External> {
  const { client: { family }, mappings, clock } = input;
  const refused = refusedMapping(mappings);
  const known = address?.toString() ?? knownAddress({ mappings, family });
  if (known !== undefined) {
    // Over UPnP the owner of the gateway may have to allow each computer to open ports.
    const isDenied = protocol === "upnp" && refused === ResultCode.NotAuthorized;
    return { externalAddress: known, refusal: isDenied ? refusalWith(refused) : null };
  }
  if (refused !== undefined && OF_ANY_PORT.has(refused)) return refusedWith(refused);
  if (protocol !== "pcp") return NOTHING;
  const timeout = new AbortController();
  const cancel = clock.alarm(clock.now() + LONGEST_WAIT, () => timeout.abort());
  const signals = signal === undefined ? [timeout.signal] : [signal, timeout.signal];
  try {
    return {
      externalAddress: await input.externalAddress(AbortSignal.any(signals)),
      refusal: null,
    };
  } catch (error) {
    if (error instanceof ResultCodeError && error.code > 0) return refusedWith(error.code);
    if (!timeout.signal.aborted) throw error;
    // The request was lost, or is held back after an earlier refusal.
    return refused === undefined ? NOTHING : refusedWith(refused);
  } finally {
    cancel();
  }
}

const NOTHING: External = { externalAddress: null, refusal: null };

function refusedMapping(mappings: readonly MapHandle[]): number | undefined {
  return mappings
    .map(({ state }) => state.type === "error" ? state.code : 0)
    .find((code) => code > 0);
}

function refusedWith(code: number): External {
  return { externalAddress: null, refusal: refusalWith(code) };
}

function refusalWith(code: number): Refusal {
  return { code, name: resultName(code) };
}

function refusalOf({ result = ResultCode.Success }: InquiryResult): Refusal | null {
  return result === ResultCode.Success ? null : refusalWith(result);
}

const NAMES: Readonly<Record<string, Diagnosis["protocol"]>> = {
  "pcp": "PCP",
  "nat-pmp": "NAT-PMP",
  "upnp": "UPnP",
};

/** Refusals that have nothing to do with the port: another one is refused too (RFC 6887 section 7.4). */
const OF_ANY_PORT: ReadonlySet<number> = new Set([
  ResultCode.NetworkFailure,
  ResultCode.AddressMismatch,
]);

/** A person waits for the result; the second transmission leaves after 3 s (RFC 6887 section 8.1.1). */
const LONGEST_WAIT = 4_000;
