import { checkUnsigned, noRoom } from "./check.ts";
import { OPTION_HEADER_LENGTH } from "./constants.ts";
import { copyOctets } from "./data_view.ts";
import { bodyCode, bodyLength, isKnown, readBody, writeBody } from "./option_body.ts";
import { optionName } from "./option_code.ts";
import type { DecodedOptions, Option } from "./option_type.ts";

export { OptionCode, optionName } from "./option_code.ts";
export type * from "./option_type.ts";

/** The option's code, 0 to 255. */
export function optionCode(option: Option): number {
  return bodyCode(option);
}

/**
 * Octets the option takes in a message, with its head and its padding.
 *
 * @throws {TypeError} If a text is not well-formed Unicode.
 */
export function optionLength(option: Option): number {
  return OPTION_HEADER_LENGTH + padded(bodyLength(option));
}

/**
 * Writes the option at `offset` and gives the offset after it. Padding is zeros, and the length does not count it
 * (RFC 6887 section 7.3).
 *
 * @throws {RangeError} If it does not fit the view, or a number does not fit its field.
 * @throws {TypeError} If a text is not well-formed Unicode, or an address is of the wrong family.
 */
export function encodeOption(option: Option, view: DataView, offset: number): number {
  const code = checkUnsigned(bodyCode(option), 0xff, "option code");
  const length = checkUnsigned(bodyLength(option), 0xffff, "option length");
  const next = offset + OPTION_HEADER_LENGTH + padded(length);
  if (offset < 0 || next > view.byteLength) {
    throw noRoom(view.byteLength, offset, next - offset, `the option ${optionName(code)}`);
  }
  view.setInt32(offset, (code << 24) | length);
  writeBody(option, view, offset + OPTION_HEADER_LENGTH);
  return next;
}

/**
 * Reads options from `offset` to the end of the view. Never throws and never reads past the end: the first option
 * that does not fit stops the reading, and `fault` says so. Unknown and malformed options are kept octet for octet.
 */
export function decodeOptions(view: DataView, offset: number): DecodedOptions {
  return readOptions(view, offset, view.byteLength);
}

/** As {@linkcode decodeOptions}, to an end before that of the view. */
export function readOptions(view: DataView, offset: number, end: number): DecodedOptions {
  return offset >= end ? NO_OPTIONS : readSome(view, offset, end);
}

function readSome(view: DataView, offset: number, end: number): DecodedOptions {
  const options: Option[] = [];
  let at = offset;
  while (at < end) {
    if (end - at < OPTION_HEADER_LENGTH) return { options, fault: "truncatedHeader" };
    const code = view.getUint8(at);
    // Octet 1 is reserved and ignored.
    const length = view.getUint16(at + 2);
    at += OPTION_HEADER_LENGTH;
    if (length > end - at) return { options, fault: "overrun" };
    options.push(decodeBody(code, view, at, length));
    at += padded(length);
  }
  return { options, fault: undefined };
}

function decodeBody(code: number, view: DataView, offset: number, length: number): Option {
  const type = isKnown(code) ? "malformed" : "unknown";
  return readBody(code, view, offset, length) ??
    { type, code, data: copyOctets(view, offset, length) };
}

/** The next multiple of four. */
function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Nothing after the fixed part of a message. */
export const NO_OPTIONS: DecodedOptions = { options: Object.freeze([]), fault: undefined };
