import { createRequire } from "node:module";

/** The used part of Playwright's page. Playwright is in the cache folder, not among the dependencies. */
export interface Page {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  close(options?: { runBeforeUnload?: boolean }): Promise<void>;
  locator(selector: string, options?: { hasText?: string | RegExp }): Locator;
  screenshot(options: { path: string; clip?: Box }): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
  waitForTimeout(milliseconds: number): Promise<void>;
  readonly keyboard: {
    press(key: string): Promise<void>;
    type(text: string, options?: { delay?: number }): Promise<void>;
    down(key: string): Promise<void>;
    up(key: string): Promise<void>;
  };
  readonly mouse: {
    move(x: number, y: number): Promise<void>;
    click(x: number, y: number): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
  };
}

/** Elements of a page; actions wait for one. */
export interface Locator {
  first(): Locator;
  last(): Locator;
  locator(selector: string, options?: { hasText?: string | RegExp }): Locator;
  click(options?: { button?: "right"; modifiers?: "Control"[] }): Promise<void>;
  hover(): Promise<void>;
  count(): Promise<number>;
  textContent(): Promise<string | null>;
  allTextContents(): Promise<string[]>;
  getAttribute(name: string): Promise<string | null>;
  boundingBox(): Promise<Box | null>;
  waitFor(options?: { state?: "visible" | "hidden" | "attached"; timeout?: number }): Promise<void>;
}

/** A rectangle in pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A running browser. */
export interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** Starts Chromium without a window. */
export async function startBrowser(
  { playwright, chromium }: { playwright: string; chromium: string },
  env: Record<string, string>,
): Promise<Browser> {
  const loaded = createRequire(playwright)("playwright-core") as {
    chromium: {
      launch(
        options: unknown,
      ): Promise<{ newContext(options: unknown): Promise<Context>; close(): Promise<void> }>;
    };
  };
  const browser = await loaded.chromium.launch({
    executablePath: chromium,
    args: FLAGS,
    env,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(20_000);
  return { newPage: () => context.newPage(), close: () => browser.close() };
}

interface Context {
  newPage(): Promise<Page>;
  setDefaultTimeout(milliseconds: number): void;
}

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
