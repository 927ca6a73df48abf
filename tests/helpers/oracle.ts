import { assert } from "@std/assert";

/** What RFC 6887 allows, as data computed from its formulae. All times are seconds. */

/** A span of seconds, inclusive. */
export type Span = readonly [from: number, to: number];

/** Section 8.1.1: the gap after transmission n = 1, 2, ... (IRT 3, MRT 1024, 10 % to both sides). */
export const retransmissionGaps: readonly Span[] = [
  [2.7, 3.3],
  [4.86, 7.26],
  [8.748, 15.972],
  [15.746, 35.139],
  [28.343, 77.305],
  [51.018, 170.07],
  [91.833, 374.154],
  [165.299, 823.139],
  [297.538, 1126.4],
  [535.57, 1126.4],
  [921.6, 1126.4],
  [921.6, 1126.4],
  [921.6, 1126.4],
];

/** Section 8.1.1: time from the first transmission to transmission n + 1. */
export const transmissionTimes: readonly Span[] = [
  [2.7, 3.3],
  [7.56, 10.56],
  [16.308, 26.532],
  [32.054, 61.671],
  [60.397, 138.975],
  [111.416, 309.045],
  [203.249, 683.199],
  [368.548, 1506.337],
  [666.087, 2632.737],
  [1201.657, 3759.137],
  [2123.257, 4885.537],
  [3044.857, 6011.937],
  [3966.457, 7138.337],
];

/** Section 11.2.1: the windows of the renewal attempts by granted lifetime, before the rule of 4 seconds. */
export const renewalWindows: ReadonlyMap<number, readonly Span[]> = new Map([
  [120, [[60, 75], [90, 97.5], [105, 108.75], [112.5, 114.375], [116.25, 117.1875]]],
  [600, [
    [300, 375],
    [450, 487.5],
    [525, 543.75],
    [562.5, 571.875],
    [581.25, 585.9375],
    [590.625, 592.96875],
    [595.3125, 596.484375],
  ]],
  [3600, [
    [1800, 2250],
    [2700, 2925],
    [3150, 3262.5],
    [3375, 3431.25],
    [3487.5, 3515.625],
    [3543.75, 3557.8125],
    [3571.875, 3578.90625],
  ]],
  [7200, [
    [3600, 4500],
    [5400, 5850],
    [6300, 6525],
    [6750, 6862.5],
    [6975, 7031.25],
    [7087.5, 7115.625],
    [7143.75, 7157.8125],
  ]],
  [86_400, [
    [43_200, 54_000],
    [64_800, 70_200],
    [75_600, 78_300],
    [81_000, 82_350],
    [83_700, 84_375],
    [85_050, 85_387.5],
    [85_725, 85_893.75],
  ]],
]);

/** Section 8.5: previous epoch, new epoch, seconds between them on the client, and whether they are consistent. */
export const epochVerdicts: readonly (readonly [number, number, number, boolean])[] = [
  [1000, 1000, 0, true],
  [1000, 1002, 0, true],
  [1000, 1003, 0, false],
  [1000, 999, 0, true],
  [1000, 999, 1, true],
  [1000, 999, 2, false],
  [1000, 998, 0, false],
  [1000, 1000, 2, true],
  [1000, 1000, 3, false],
  [1000, 1005, 5, true],
  [1000, 1600, 600, true],
  [1000, 1642, 600, true],
  [1000, 1643, 600, false],
  [1000, 1561, 600, true],
  [1000, 1560, 600, false],
  [1000, 4600, 3600, true],
  [1000, 4842, 3600, true],
  [1000, 4843, 3600, false],
  [1000, 4373, 3600, true],
  [1000, 4372, 3600, false],
  [1000, 0, 10, false],
  [10, 0, 5, false],
  [0, 3, 5, true],
  [0, 0, 2, true],
  [0, 0, 3, false],
  [5, 0, 1, false],
  [100, 86_500, 86_400, true],
  [100_000, 40, 86_400, false],
  [40, 100, 60, true],
  [40, 107, 60, false],
  [4_294_967_290, 5, 11, false],
];

/** Section 8.5: the least and the most that the epoch may advance in a number of seconds of the client. */
export const epochAdvances: readonly (readonly [seconds: number, least: number, most: number])[] = [
  [0, -1, 2],
  [1, -1, 3],
  [2, 0, 4],
  [3, 1, 5],
  [10, 8, 12],
  [16, 13, 19],
  [32, 28, 36],
  [60, 55, 66],
  [300, 280, 322],
  [600, 561, 642],
  [3600, 3373, 3842],
  [43_200, 40_498, 46_082],
  [86_400, 80_998, 92_162],
];

/** Asserts that a duration in milliseconds is within a span of seconds. */
export function assertWithin(milliseconds: number, [from, to]: Span, what: string): void {
  const seconds = milliseconds / 1000;
  const slack = 1e-6; // sums of fractions are inexact
  const fits = seconds >= from - slack && seconds <= to + slack;
  assert(fits, `${what}: ${seconds} s is not in [${from}, ${to}]`);
}
