import type { FoundDevice } from "../engine/upnp_io.ts";
import { decodeDescription } from "../wire/igd/description.ts";
import { resolveControlUrl } from "../wire/igd/http_location.ts";
import type { Service } from "./device.ts";
import type { Candidate } from "./search.ts";
import type { Task } from "./task.ts";

/** What a description says. */
export interface Description {
  readonly candidate: Candidate;
  readonly uuid: string;
  readonly services: readonly Service[];
  readonly found: FoundDevice;
}

/** Reads a description; undefined if it cannot be read, or has no service that is used. */
export function* describe(candidate: Candidate): Task<Description | undefined> {
  const { location } = candidate;
  const outcome = yield { type: "description", location };
  if (outcome.type !== "response" || outcome.response.statusClass !== 2) return undefined;
  const decoded = decodeDescription(outcome.response.body);
  if (!decoded.ok) return undefined;
  const { services, urlBase, uuid, friendlyName, manufacturer, modelName } = decoded.value;
  return {
    candidate,
    uuid: uuid === "" ? candidate.uuid : uuid,
    services: services.flatMap(({ controlUrl, ...service }) => {
      const { address, http } = location;
      const resolved = resolveControlUrl({ location: http, address, urlBase, controlUrl });
      if (!resolved.ok) return [];
      // Whatever host the URL names: the request goes to the one that was checked.
      const { port, path } = resolved.value;
      return [{ ...service, target: { address, port, path } }];
    }),
    found: {
      friendlyName,
      manufacturer,
      modelName,
      server: candidate.server,
      services: services.map(({ type }) => type),
    },
  };
}
