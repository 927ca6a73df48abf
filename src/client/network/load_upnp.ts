/** What speaks UPnP. */
export interface UpnpModules {
  readonly UpnpDriver: typeof import("./upnp_driver.ts").UpnpDriver;
  readonly Igd: typeof import("../../igd/igd.ts").Igd;
}

/**
 * Loads what speaks UPnP, once: a program whose gateway speaks PCP does without. A test in virtual time calls it before,
 * because loading takes real time.
 *
 * @internal
 */
export function loadUpnp(): Promise<UpnpModules> {
  return modules ??= Promise.all([import("./upnp_driver.ts"), import("../../igd/igd.ts")])
    .then(([{ UpnpDriver }, { Igd }]) => ({ UpnpDriver, Igd }));
}

let modules: Promise<UpnpModules> | undefined;
