import { checkUnsigned, noRoom } from "./check.ts";
import { OPTION_HEADER_LENGTH } from "./constants.ts";
import { octetsOf } from "./octets.ts";
import { OPTION_CODECS, type OptionCodec } from "./option_codecs.ts";
import type { DecodedOptions, MalformedOption, Option, UnknownOption } from "./option_type.ts";

export { OptionCode } from "./option_codecs.ts";
export type * from "./option_type.ts";

/** The name of an option as in the RFCs, `FILTER`, or `OPTION_100` for one without a name. */
export function optionName(code: number): string {
  return BY_CODE.get(code)?.name ?? `OPTION_${code}`;
}

/** The option's code, 0 to 255. */
export function optionCode(option: Option): number {
  return codecOf(option).code;
}

/**
 * Octets of the option in a message, with header and padding.
 *
 * @throws {TypeError} If a text is not well-formed Unicode.
 */
export function optionLength(option: Option): number {
  return OPTION_HEADER_LENGTH + padded(codecOf(option).length(option));
}

/**
 * Writes the option at `offset` and returns the offset after it. Padding is zero and not counted in the option's length
 * (RFC 6887 section 7.3).
 *
 * @throws {RangeError} If the option does not fit the view, or a number does not fit its field.
 * @throws {TypeError} If a text is not well-formed Unicode, or an address has the wrong family.
 */
export function encodeOption(option: Option, view: DataView, offset: number): number {
  const codec = codecOf(option);
  const code = checkUnsigned(codec.code, 0xff, "option code");
  const length = checkUnsigned(codec.length(option), 0xffff, "option length");
  const size = OPTION_HEADER_LENGTH + padded(length);
  if (offset < 0 || offset + size > view.byteLength) {
    throw noRoom(view.byteLength, offset, size, `the option ${optionName(code)}`);
  }
  // Zeros for padding and reserved octets, which the codecs do not write.
  octetsOf(view, offset, size).fill(0);
  view.setUint8(offset, code);
  view.setUint16(offset + 2, length);
  codec.write(option, dataOf(view, offset + OPTION_HEADER_LENGTH, length));
  return offset + size;
}

/** Which options of a message are decoded. */
export interface OptionSelection {
  /** So many options are looked at, the others left alone. */
  readonly most: number;
  /**
   * Whether an option is decoded.
   *
   * @param code Its code.
   * @param length Octets of its data.
   * @param before The options decoded before.
   */
  wants(code: number, length: number, before: readonly Option[]): boolean;
}

/**
 * Decodes options from `offset` to the end of the view. Never throws and never reads past the end: decoding stops at the
 * first option that does not fit, and `fault` gives the reason. Unknown and malformed options are kept octet for octet.
 *
 * @param selection All are decoded if it is left out.
 */
export function decodeOptions(
  view: DataView,
  offset: number,
  selection?: OptionSelection,
): DecodedOptions {
  if (offset === view.byteLength) return NO_OPTIONS;
  const options: Option[] = [];
  let at = offset;
  for (let count = 0; at < view.byteLength && count !== selection?.most; count++) {
    if (view.byteLength - at < OPTION_HEADER_LENGTH) return { options, fault: "truncatedHeader" };
    const code = view.getUint8(at);
    // Octet 1 is reserved and ignored (RFC 6887 section 7.3).
    const length = view.getUint16(at + 2);
    at += OPTION_HEADER_LENGTH;
    if (length > view.byteLength - at) return { options, fault: "overrun" };
    if (selection === undefined || selection.wants(code, length, options)) {
      options.push(decodeData(code, view, at, length));
    }
    at += padded(length);
  }
  return { options, fault: undefined };
}

const NO_OPTIONS: DecodedOptions = { options: [], fault: undefined };

function decodeData(code: number, view: DataView, offset: number, length: number): Option {
  const codec = BY_CODE.get(code);
  const type = codec === undefined ? "unknown" : "malformed";
  const option = codec?.read(dataOf(view, offset, length));
  return option ?? { type, code, data: octetsOf(view, offset, length).slice() };
}

/** The table's codec, or one that writes the data of an unknown or malformed option octet for octet. */
function codecOf(option: Option): Omit<OptionCodec<Option>, "name" | "read"> {
  return option.type === "unknown" || option.type === "malformed"
    ? { code: option.code, ...RAW }
    : OPTION_CODECS[option.type];
}

const RAW = {
  length: ({ data }: UnknownOption | MalformedOption) => data.length,
  write({ data }: UnknownOption | MalformedOption, view: DataView): void {
    octetsOf(view).set(data);
  },
};

/** A view of an option's data alone. */
function dataOf(view: DataView, offset: number, length: number): DataView {
  return new DataView(view.buffer, view.byteOffset + offset, length);
}

/** The next multiple of four (RFC 6887 section 7.3). */
function padded(length: number): number {
  return (length + 3) & ~3;
}

const BY_CODE: ReadonlyMap<number, OptionCodec<Option>> = new Map(
  Object.values(OPTION_CODECS).map((codec) => [codec.code, codec]),
);
