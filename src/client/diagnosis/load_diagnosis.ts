/**
 * Loads {@linkcode diagnose}, once. A test in virtual time calls it before, because loading takes real time.
 *
 * @internal
 */
export function loadDiagnosis(): Promise<typeof import("./diagnose.ts")> {
  return diagnosis ??= import("./diagnose.ts");
}

let diagnosis: Promise<typeof import("./diagnose.ts")> | undefined;
