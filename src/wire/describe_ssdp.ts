/**
 * Describes a datagram of SSDP in one line, `SSDP search, st: upnp:rootdevice`: its kind and the headers that
 * distinguish it. Undefined for other octets.
 */
export function describeSsdp(bytes: Uint8Array): string | undefined {
  const [, kind] = KINDS.find(([start]) => startsWith(bytes, start)) ?? [];
  if (kind === undefined) return undefined;
  const lines = new TextDecoder().decode(bytes.subarray(0, LONGEST)).split("\n");
  const shown = lines.slice(1).flatMap((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    return HEADERS.includes(name) ? [`${name}: ${printable(line.slice(colon + 1))}`] : [];
  });
  return [`SSDP ${kind}`, ...shown.slice(0, HEADERS.length)].join(", ");
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((character, index) => bytes[index] === character.charCodeAt(0));
}

/** Text from the network: without control, invisible and direction-changing characters, clipped. */
function printable(text: string): string {
  const characters = [...text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim()];
  return characters.slice(0, MOST_CHARACTERS).join("") +
    (characters.length > MOST_CHARACTERS ? "…" : "");
}

/** How a datagram begins, and its kind (UPnP Device Architecture section 1). */
const KINDS = [
  ["M-SEARCH ", "search"],
  ["NOTIFY ", "announcement"],
  ["HTTP/", "answer"],
] as const;

const HEADERS = ["st", "nt", "nts", "location"];

const MOST_CHARACTERS = 80;

/** Our decision, because the messages of all measured devices are below 700 octets. */
const LONGEST = 2_048;
