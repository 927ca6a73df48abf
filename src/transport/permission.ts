/**
 * Deno's error for a missing net permission; its `node:` modules report it late, as another error, or as one that cannot
 * be caught. Undefined in other runtimes, and if the permission is granted.
 *
 * @param mayAsk Whether the user may be asked for it.
 */
export function missingPermission(
  hostname: string,
  port: number,
  mayAsk: boolean,
): Error | undefined {
  if (!("Deno" in globalThis)) return undefined;
  const address = hostname.replace(/%.*$/, "");
  const host = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  const { permissions, errors } = Deno;
  const wanted = { name: "net", host } as const;
  const { state } = mayAsk ? permissions.requestSync(wanted) : permissions.querySync(wanted);
  if (state === "granted") return undefined;
  return new errors.NotCapable(
    `Requires net access to "${host}", run again with the --allow-net flag`,
  );
}
