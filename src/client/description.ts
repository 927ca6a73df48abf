import type { MappingSpec } from "../engine/mapping_spec.ts";
import type { Option } from "../wire/option.ts";

// Common servers refuse an option whose length is no multiple of 4 octets. A description is therefore sent with spaces at its
// end, which are not reported.

/** The request with its description as it is sent. */
export function withPaddedDescription(spec: MappingSpec): MappingSpec {
  const { options } = spec;
  if (options.length === 0 || !options.some(({ type }) => type === "description")) return spec;
  return { ...spec, options: options.map(padded) };
}

/** The description of a response, without the spaces that were added to the requested one. */
export function descriptionOf(options: readonly Option[], spec: MappingSpec): string | undefined {
  const requested = spec.options.find((option) => option.type === "description")?.text;
  const kept = options.find((option) => option.type === "description")?.text;
  if (requested === undefined || kept === undefined) return undefined;
  const isWhole = kept.length > requested.length && paddedText(requested).startsWith(kept);
  return isWhole ? requested : kept;
}

function padded(option: Option): Option {
  return option.type === "description"
    ? { type: "description", text: paddedText(option.text) }
    : option;
}

function paddedText(text: string): string {
  const { length } = new TextEncoder().encode(text);
  return text + " ".repeat((4 - length % 4) % 4);
}
