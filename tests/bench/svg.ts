/** Positions of values on an axis. */
export interface Scale {
  at(value: number): number;
  /** The powers of ten within. */
  readonly ticks: readonly number[];
}

/** From the power of ten below all values to a little beyond the greatest. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(1e9, ...positive)));
  const high = Math.max(low + 1, Math.log10(Math.max(0, ...positive) * 1.3));
  const ticks = Array.from(
    { length: Math.floor(high) - low + 1 },
    (_, index) => 10 ** (low + index),
  );
  return {
    ticks,
    at: (value) => round(from + (Math.log10(value) - low) / (high - low) * (to - from)),
  };
}

/** How a text is set. */
export interface TextOptions {
  readonly anchor?: "start" | "middle" | "end";
  readonly kind?: string;
  readonly size?: number;
}

/** A text, escaped. */
export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { anchor, kind = "text", size } = options;
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}"${
    anchor === undefined ? "" : ` text-anchor="${anchor}"`
  }${size === undefined ? "" : ` font-size="${size}"`}>${escaped}</text>`;
}

/** `1k` for 1000. */
export function compact(value: number): string {
  return value >= 1_000 ? `${value / 1_000}k` : String(value);
}

/** One digit after the point. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Colours that are readable on a light and on a dark page. */
export const STYLE = `<style>
.page{fill:#fff;stroke:#d0d7de}.text{fill:#1f2328}.faint{fill:#656d76}.grid{stroke:#d8dee4;fill:none}
.library{stroke:#0969da;fill:none;stroke-width:2}circle.library{fill:#0969da}.libraryText{fill:#0969da}
.minimal{stroke:#7d8590;fill:none;stroke-width:2}circle.minimal{fill:#7d8590}.minimalText{fill:#656d76}
.peer{stroke:#afb8c1;fill:none;stroke-width:1.5}circle.peer,rect.peer,rect.minimal{fill:#afb8c1;stroke:none}
rect.library{fill:#0969da;stroke:none}
.met{fill:#2da44e}.missed{fill:#cf222e}.limit{stroke:#1f2328;stroke-dasharray:4 3;fill:none}
@media (prefers-color-scheme:dark){.page{fill:#0d1117;stroke:#30363d}.text{fill:#e6edf3}.faint{fill:#8d96a0}
.grid{stroke:#262c36}.library{stroke:#58a6ff}circle.library{fill:#58a6ff}.libraryText{fill:#58a6ff}
.minimal{stroke:#8d96a0}circle.minimal{fill:#8d96a0}.minimalText{fill:#8d96a0}
.peer{stroke:#484f58}circle.peer,rect.peer,rect.minimal{fill:#484f58}rect.library{fill:#58a6ff}
.met{fill:#3fb950}.missed{fill:#f85149}.limit{stroke:#e6edf3}}
</style>`;
