/** What speaks UPnP. */
export interface UpnpModules {
  readonly UpnpDriver: typeof import("./upnp_driver.ts").UpnpDriver;
}

/**
 * Loads what speaks UPnP, once: a program whose gateway speaks PCP does without. A test in virtual time calls it before,
 * because loading takes real time.
 *
 * @internal
 */
export function loadUpnp(): Promise<UpnpModules> {
  return modules ??= import("./upnp_driver.ts");
}

let modules: Promise<UpnpModules> | undefined;
