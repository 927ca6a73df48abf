/** The descriptor, while it is kept; it needs the permission to read the null device. */
let spare: Deno.FsFile | undefined;

/** Keeps a file descriptor for {@linkcode stackOf}, before all others may be in use. Only Deno needs it. */
export function keepDescriptor(): void {
  if (!("Deno" in globalThis)) return;
  const device = Deno.build.os === "windows" ? "NUL" : "/dev/null";
  try {
    const { state } = Deno.permissions.querySync({ name: "read", path: device });
    if (state === "granted") spare ??= Deno.openSync(device);
  } catch {
    // There is none to keep.
  }
}

/**
 * The stack of an error. The first one of each TypeScript file needs a free descriptor: Deno then reads what it has made of the
 * file, and panics if it cannot.
 */
export function stackOf(error: Error): string {
  const isKept = spare !== undefined;
  spare?.close();
  spare = undefined;
  try {
    return error.stack ?? "";
  } finally {
    if (isKept) keepDescriptor();
  }
}
