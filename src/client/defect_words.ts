import type { Defect } from "../engine/events.ts";

/** What is wrong with an assignment, as the end of a message: no capital letter, no period. */
export function defectText(defect: Defect): string {
  return TEXTS[defect];
}

const TEXTS: Readonly<Record<Defect, string>> = {
  lifetime:
    "the router granted a lifetime of 0 s, so that no port is open; restart it if that goes on",
  shortLifetime:
    "the router grants a few seconds only, time after time, so that it is asked more and more seldom; restart it if that goes on",
  externalAddress: "the router granted no external address; see whether it is online",
  externalPort: "the router granted external port 0, at which nothing can arrive; try another port",
  thirdParty:
    "the router ignored the option THIRD_PARTY and mapped a port to this host, which is deleted; request the mapping on the other host",
  conflict:
    "the router assigned the external port to another internal port as well, which has it now",
};
