import type { Clock } from "../../clock.ts";
import { pcpResult } from "../../engine/natpmp_terms.ts";
import { IpAddress } from "../../wire/address.ts";
import { ResultCode, resultName } from "../../wire/result_code.ts";
import { addressKind } from "../address_kind.ts";
import type { Announcements } from "../network/connection.ts";
import type { Diagnosis, Refusal } from "./diagnosis.ts";
import { ResultCodeError } from "../errors.ts";
import { findings } from "./findings.ts";
import type { MapHandle } from "../map_handle.ts";
import { PROBE_TIMEOUT, type ProbeOptions, type ProbeResult, probeServer } from "./server_probe.ts";

/** What is diagnosed. */
export interface DiagnosisInput extends Omit<ProbeOptions, "signal"> {
  readonly mappings: readonly MapHandle[];
  readonly announcements: Announcements;
  /** Asks, and leaves no mapping behind. */
  readonly externalAddress: (signal: AbortSignal) => Promise<string>;
}

/** Asks the server what it speaks and where it is, at most twice 4 s. */
export async function diagnose(
  patient: DiagnosisInput,
  signal: AbortSignal | undefined,
): Promise<Diagnosis> {
  const probe = await probeServer({ ...patient, signal });
  const outside = await lookOutside(patient, probe, signal);
  const { protocol, epoch } = probe;
  const { externalAddress } = outside;
  const refusal = refusalOf(probe) ?? outside.refusal;
  const kind = externalAddress === null ? null : addressKind(IpAddress.parse(externalAddress));
  const facts: Omit<Diagnosis, "findings"> = {
    ok: protocol !== null && refusal === null && kind === "global",
    client: patient.client.toString(),
    server: patient.server.hostname,
    port: patient.server.port,
    protocol,
    roundTrip: probe.roundTrip,
    epoch,
    upSince: epoch === null ? null : new Date(Date.now() - epoch * 1000).toISOString(),
    externalAddress,
    addressKind: kind,
    refusal,
    announcements: patient.announcements,
  };
  return { ...facts, findings: findings(facts, probe) };
}

interface Outside {
  readonly externalAddress: string | null;
  readonly refusal: Refusal | null;
}

/** The external address by what is known already, else by asking. */
async function lookOutside(
  patient: DiagnosisInput,
  { protocol, externalAddress }: ProbeResult,
  signal: AbortSignal | undefined,
): Promise<Outside> {
  const { client, mappings } = patient;
  const known = externalAddress?.toString() ??
    mappings.map(({ assigned }) => assigned?.externalAddress).find((address) =>
      address !== undefined && IpAddress.parse(address).family === client.family
    );
  if (known !== undefined) return { externalAddress: known, refusal: null };
  const refused = mappings.map(({ state }) => state).find((state) => state.type === "error");
  if (refused?.type === "error" && refused.code > 0) return refusing(refused.code);
  if (protocol !== "PCP") return { externalAddress: null, refusal: null };
  const patience = new AbortController();
  const cancel = endIn(patient.clock, patience);
  try {
    const both = signal === undefined
      ? patience.signal
      : AbortSignal.any([signal, patience.signal]);
    return { externalAddress: await patient.externalAddress(both), refusal: null };
  } catch (error) {
    if (error instanceof ResultCodeError && error.code > 0) return refusing(error.code);
    if (!patience.signal.aborted) throw error;
    return { externalAddress: null, refusal: null }; // held back by an earlier refusal, or lost on the way
  } finally {
    cancel();
  }
}

function endIn(clock: Clock, controller: AbortController): () => void {
  return clock.alarm(clock.now() + PROBE_TIMEOUT, () => controller.abort());
}

function refusing(code: number): Outside {
  return { externalAddress: null, refusal: { code, name: resultName(code) } };
}

/** The codes of NAT-PMP are not those of PCP (RFC 6886 section 3.5). */
function refusalOf({ protocol, result }: ProbeResult): Refusal | null {
  if (result === null || result === ResultCode.Success) return null;
  const code = protocol === "PCP" ? result : pcpResult(result);
  return { code, name: resultName(code) };
}
