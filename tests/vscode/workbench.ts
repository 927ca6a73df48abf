import type { Locator, Page } from "./browser.ts";

/** A window of VS Code, read and operated through the page. */
export class Workbench {
  readonly page: Page;
  readonly #pictures: string;

  constructor(page: Page, pictures: string) {
    this.page = page;
    this.#pictures = pictures;
  }

  /** Opens an address, and waits until the window takes keys and has its settings. */
  async open(address: string, title?: string): Promise<void> {
    await this.page.goto(address);
    await this.#ready(title);
    if (title !== undefined) await this.#again(title);
  }

  async reload(title?: string): Promise<void> {
    await this.page.reload();
    await this.#ready(title);
    if (title !== undefined) await this.#again(title);
  }

  /** Extensions start with the settings of the earlier window, so changed ones need another reload. */
  async #again(title: string): Promise<void> {
    await this.page.reload();
    await this.#ready(title);
  }

  async #ready(title: string | undefined): Promise<void> {
    await this.page.locator(".monaco-workbench").waitFor({ timeout: 60_000 });
    // The icon appears when the extensions are loaded.
    await this.activityIcon().waitFor({ timeout: 60_000 });
    if (title === undefined) return;
    await until("the settings", () => this.page.evaluate("document.title"), (now) => now === title);
  }

  activityIcon(): Locator {
    return this.page.locator('.activitybar .action-label[aria-label^="Port Mappings"]');
  }

  /** Chooses a command in the command palette; opens the palette again while it does not list the command yet. */
  async command(title: string): Promise<void> {
    for (let left = 10; left > 0; left--) {
      await this.page.keyboard.press("F1");
      await this.#input().waitFor();
      await this.page.keyboard.type(title);
      const found = this.offered(title).first();
      if (await found.waitFor({ timeout: 2_000 }).then(() => true, () => false)) {
        return await found.click();
      }
      await this.page.keyboard.press("Escape");
    }
    throw new Error(`Cannot find the command "${title}"`);
  }

  /** Chooses an entry of the palette or of a question. */
  async choose(label: string): Promise<void> {
    await this.offered(label).first().click();
  }

  /** The entries of the palette or of a question. */
  offered(label?: string): Locator {
    const rows = ".quick-input-list .monaco-list-row";
    return this.page.locator(rows, label === undefined ? {} : { hasText: label });
  }

  /** Types into the box of a question, in place of its content. */
  async answer(text: string): Promise<void> {
    await this.offered().first().waitFor({ state: "hidden" }); // of the earlier question
    await this.#input().waitFor();
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.type(text);
  }

  async enter(): Promise<void> {
    await this.page.keyboard.press("Enter");
  }

  /** The error below the box. */
  complaint(): Locator {
    return this.page.locator(".quick-input-message");
  }

  /** A row of the view. */
  row(text: string): Locator {
    return this.page.locator(".part.sidebar .monaco-list-row", { hasText: text });
  }

  /** Chooses from the menu of a row. */
  async rowMenu(row: string, action: string): Promise<void> {
    await this.row(row).click({ button: "right" });
    const item = this.page.locator(".monaco-menu .action-item", { hasText: action }).first();
    await item.hover();
    await this.page.waitForTimeout(300); // a menu that has just opened takes no click
    await item.click();
    await item.waitFor({ state: "hidden" });
  }

  /** Makes the side bar so wide that every row fits. */
  async widen(): Promise<void> {
    const { mouse } = this.page;
    const box = await this.page.locator(".part.sidebar").boundingBox();
    if (box === null) throw new Error("Cannot find the side bar");
    await mouse.move(box.x + box.width + 1, 400);
    await mouse.down();
    await mouse.move(box.x + 400, 400);
    await mouse.up();
  }

  /** The item in the status bar. */
  status(text: string): Locator {
    return this.page.locator('.statusbar-item[id^="portcontrol"]', { hasText: text });
  }

  /** The item in the status bar while it warns. */
  warning(text: string): Locator {
    return this.page.locator('.statusbar-item.warning-kind[id^="portcontrol"]', { hasText: text });
  }

  /** A notification. */
  notice(text: string | RegExp): Locator {
    return this.page.locator(".notifications-toasts .notification-list-item", { hasText: text });
  }

  /** Presses a button of a notification. */
  async press(notice: string | RegExp, button: string): Promise<void> {
    await this.notice(notice).locator(".monaco-button", { hasText: button }).first().click();
  }

  async clearNotices(): Promise<void> {
    await this.command("Notifications: Clear All Notifications");
    await this.notice("").first().waitFor({ state: "hidden" });
  }

  /** The text in the clipboard. */
  clipboard(): Promise<string> {
    return this.page.evaluate("navigator.clipboard.readText()");
  }

  /** The text of the editor in front, its lines sorted by their places on the page. */
  async editorText(): Promise<string> {
    const lines = await this.page.evaluate<[number, string][]>(`
      [...document.querySelectorAll(".editor-instance .view-line")].map((line) => [
        line.getBoundingClientRect().top,
        line.textContent,
      ])
    `);
    const sorted = lines.sort(([a], [b]) => a - b).map(([, text]) => text);
    return sorted.join("\n").replaceAll("\u00a0", " ");
  }

  /** Saves a picture of the window, or of a part of it. */
  async picture(name: string, part?: string): Promise<void> {
    await this.page.mouse.move(640, 712); // nothing there reacts to the pointer
    await this.page.waitForTimeout(400); // animations end
    const clip = part === undefined ? null : await this.page.locator(part).boundingBox();
    const path = `${this.#pictures}/${name}.png`;
    await this.page.screenshot(clip === null ? { path } : { path, clip });
  }

  #input(): Locator {
    return this.page.locator(".quick-input-widget:not([style*='display: none']) input.input");
  }
}

/** Reads a value until it is right; fails with the last value. */
export async function until<T>(
  what: string,
  read: () => Promise<T>,
  isRight: (seen: T) => boolean,
  timeout = 20_000,
): Promise<T> {
  const end = performance.now() + timeout;
  while (true) {
    const seen = await read();
    if (isRight(seen)) return seen;
    if (performance.now() > end) {
      throw new Error(`Waited in vain for ${what}: the last value is ${JSON.stringify(seen)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
