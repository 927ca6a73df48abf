/** The number of a mapping, given by the caller: a safe integer from 0, greater than any before in the same engine. */
export type MappingId = number;
