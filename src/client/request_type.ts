/**
 * For how long a mapping is requested. The same values as in JSON-RPC.
 *
 * - `"once"`: for one lifetime;
 * - `{ repeat: n }`: for n lifetimes in all, so that `{ repeat: 1 }` is `"once"`;
 * - `"keepAlive"`: until it is revoked.
 */
export type RequestType = "once" | "keepAlive" | { readonly repeat: number };

/**
 * For how long a mapping is requested: one lifetime, n lifetimes, or until it is revoked.
 *
 * @example
 * ```ts
 * import { RequestType } from "@portcontrol/pcp";
 *
 * console.assert(RequestType.KeepAlive === "keepAlive");
 * console.assert(JSON.stringify(RequestType.Repeat(3)) === '{"repeat":3}');
 * ```
 */
export const RequestType: {
  /** For one lifetime; then the mapping expires. */
  readonly Once: "once";
  /** Until it is revoked: renewed in time, and requested again when the server has lost it. */
  readonly KeepAlive: "keepAlive";
  /**
   * For `count` lifetimes in all.
   *
   * @param count An integer from 1.
   * @throws {RangeError} If the count is not such an integer.
   */
  readonly Repeat: (count: number) => { readonly repeat: number };
} = {
  Once: "once",
  KeepAlive: "keepAlive",
  Repeat: (count) => {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(
        `Cannot repeat a request: the count of lifetimes must be an integer from 1, got "${count}"`,
      );
    }
    return { repeat: count };
  },
};

/**
 * The number of lifetimes of a request type; Infinity for keep-alive.
 *
 * @throws {TypeError | RangeError} If the value is not a request type.
 */
export function lifetimesOf(type: RequestType): number {
  if (type === "once") return 1;
  if (type === "keepAlive") return Infinity;
  if (typeof type === "object" && type !== null) return RequestType.Repeat(type.repeat).repeat;
  throw new TypeError(
    `Cannot request a mapping: the request type must be "once", "keepAlive" or { repeat: n }, got "${
      String(type)
    }"`,
  );
}
