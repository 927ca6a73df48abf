import type { External } from "./device.ts";
import { askExternal, type InnerAddresses } from "./external_address.ts";
import { look } from "./holder.ts";
import { noteSeen } from "./port_mapping.ts";
import type { Gone } from "./refusal.ts";
import { askFirewall } from "./service_choice.ts";
import type { Task } from "./task.ts";
import type { Work } from "./work.ts";

/** What a look has shown. */
export interface Seen {
  readonly type: "seen";
  /** The gateway does not hold the mapping any more. */
  readonly isLost: boolean;
  readonly external: External | undefined;
}

/** Looks at an entry, because gateways drop mappings without a sign; and at the external address, if wanted. */
export function* lookAt(
  work: Work,
  inner: InnerAddresses,
  asksAddress: boolean,
): Task<Seen | Gone> {
  if (work.client.family === "IPv6") return yield* lookAtFirewall(work);
  const { entry, device, now } = work;
  const holder = yield* look(work);
  if (holder.type === "gone") return holder;
  entry.lookedAt = now();
  const isLost = holder.type === "nothing" || holder.type === "other";
  if (holder.type === "ours" && entry.lease > 0 && holder.left !== undefined) noteSeen(work);
  if (isLost) entry.mayExist = false;
  if (!asksAddress) return { type: "seen", isLost, external: undefined };
  const external = yield* askExternal(device.service, inner, now);
  return "type" in external ? external : { type: "seen", isLost, external };
}

/** A pinhole itself cannot be looked at. But a firewall that was off may be on, and then a pinhole is needed. */
function* lookAtFirewall({ device, entry, now }: Work): Task<Seen | Gone> {
  entry.lookedAt = now();
  const gone = yield* askFirewall(device);
  if (gone !== undefined) return gone;
  const isLost = !entry.mayExist && device.firewall?.isOff === false;
  return { type: "seen", isLost, external: undefined };
}
