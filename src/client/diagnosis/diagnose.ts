import { pcpResult } from "../../engine/natpmp_terms.ts";
import { IpAddress } from "../../wire/address.ts";
import { ResultCode, resultName } from "../../wire/result_code.ts";
import { addressKind } from "../address_kind.ts";
import { ResultCodeError } from "../errors.ts";
import type { MapHandle } from "../map_handle.ts";
import type { Announcements } from "../network/connection.ts";
import type { Diagnosis, Refusal } from "./diagnosis.ts";
import { findings } from "./findings.ts";
import { PROBE_TIMEOUT, type ProbeOptions, type ProbeResult, probeServer } from "./server_probe.ts";

/** What a diagnosis is made from. */
export interface DiagnosisInput extends Omit<ProbeOptions, "signal"> {
  readonly mappings: readonly MapHandle[];
  readonly announcements: Announcements;
  /** Requests the external address, and leaves no mapping behind. */
  readonly externalAddress: (signal: AbortSignal) => Promise<string>;
}

/** Probes the server, then finds the external address. Takes 4 s each at most. */
export async function diagnose(
  input: DiagnosisInput,
  signal: AbortSignal | undefined,
): Promise<Diagnosis> {
  const probe = await probeServer({ ...input, signal });
  const external = await findExternal(input, probe, signal);
  const { protocol = null, epoch = null, roundTrip = null } = probe;
  const { externalAddress } = external;
  const refusal = refusalOf(probe) ?? external.refusal;
  const kind = externalAddress === null ? null : addressKind(IpAddress.parse(externalAddress));
  const facts: Omit<Diagnosis, "findings"> = {
    ok: protocol !== null && refusal === null && kind === "global",
    client: input.client.toString(),
    server: input.server.hostname,
    port: input.server.port,
    protocol,
    roundTrip,
    epoch,
    upSince: epoch === null ? null : new Date(Date.now() - epoch * 1000).toISOString(),
    externalAddress,
    addressKind: kind,
    refusal,
    announcements: input.announcements,
  };
  return { ...facts, findings: findings(facts, probe) };
}

type External = Pick<Diagnosis, "externalAddress" | "refusal">;

/** Takes the external address from the probe or from a mapping, and requests it only if neither has it. */
async function findExternal(
  input: DiagnosisInput,
  { protocol, externalAddress }: ProbeResult,
  signal: AbortSignal | undefined,
): Promise<External> {
  const { client, mappings, clock } = input;
  const known = externalAddress?.toString() ??
    mappings.map(({ assigned }) => assigned?.externalAddress).find((address) =>
      address !== undefined && IpAddress.parse(address).family === client.family
    );
  if (known !== undefined) return { externalAddress: known, refusal: null };
  const refused = mappings.map(({ state }) => state).find((state) => state.type === "error");
  if (refused?.type === "error" && refused.code > 0) return refusedWith(refused.code);
  if (protocol !== "PCP") return NOTHING;
  const timeout = new AbortController();
  const cancel = clock.alarm(clock.now() + PROBE_TIMEOUT, () => timeout.abort());
  const signals = signal === undefined ? [timeout.signal] : [signal, timeout.signal];
  try {
    return {
      externalAddress: await input.externalAddress(AbortSignal.any(signals)),
      refusal: null,
    };
  } catch (error) {
    if (error instanceof ResultCodeError && error.code > 0) return refusedWith(error.code);
    if (!timeout.signal.aborted) throw error;
    return NOTHING; // the request was held back after an earlier refusal, or lost
  } finally {
    cancel();
  }
}

const NOTHING: External = { externalAddress: null, refusal: null };

function refusedWith(code: number): External {
  return { externalAddress: null, refusal: { code, name: resultName(code) } };
}

/** The codes of NAT-PMP are not those of PCP (RFC 6886 section 3.5). */
function refusalOf({ protocol, result }: ProbeResult): Refusal | null {
  if (result === undefined || result === ResultCode.Success) return null;
  const code = protocol === "PCP" ? result : pcpResult(result);
  return { code, name: resultName(code) };
}
