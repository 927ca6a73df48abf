import { assertEquals } from "@std/assert";
import { until, type Workbench } from "./workbench.ts";
import type { Step } from "./step.ts";

/** The prompt of repl.ts in the integrated terminal. */
export const TERMINAL_STEPS: readonly Step[] = [
  ["the prompt starts in the terminal", async ({ workbench }) => {
    await workbench.page.keyboard.press("Control+`");
    await until("the shell", () => screen(workbench), (text) => /[$#] *$/.test(text.trimEnd()));
    await focus(workbench);
    await type(workbench, "deno run -A repl.ts --simulate", "[0]>");
  }],
  [
    "three commands have three decorations, of another kind for the failed one",
    async ({ workbench }) => {
      await type(workbench, "map 6000/tcp", "[1]>");
      await type(workbench, "revoke 99", "There is no mapping 99");
      await type(workbench, "list", "running");
      const kinds = await until(
        "three decorations",
        () => decorations(workbench),
        (seen) => seen.length === 3,
      );
      assertEquals(kinds, ["success", "error", "success"]);
      await workbench.picture("terminal", ".part.panel");
    },
  ],
  [
    "commands can be run again, also after alerts above the line being typed",
    async ({ workbench }) => {
      await type(
        workbench,
        "js void setTimeout(() => handle.mappings[0].renew(7200), 1000)",
        "[1]>",
      );
      await workbench.page.keyboard.type("disc");
      await until("the alert", () => screen(workbench), (text) => text.includes("granted for 2 h"));
      await until(
        "the line",
        () => screen(workbench),
        (text) => /\]> disc *$/.test(text.trimEnd()),
      );
      await workbench.page.keyboard.type("over");
      await workbench.enter();
      await until("its end", () => decorations(workbench), (seen) => seen.length === 5);
      await workbench.page.keyboard.press("Control+Alt+R");
      await workbench.offered("discover").waitFor();
      const listed = await workbench.offered().allTextContents();
      for (const line of ["discover", "list", "revoke 99", "map 6000/tcp"]) {
        assertEquals(listed.some((row) => row.startsWith(line)), true, line);
      }
      assertEquals(listed.filter((row) => row.includes("granted")), []);
      await workbench.picture("recent_commands");
      await workbench.page.keyboard.press("Escape");
    },
  ],
  ["progress shows on the tab of the terminal while a command waits", async ({ workbench }) => {
    const progress = workbench.page.locator(".terminal-tabs-entry .codicon-loading");
    await type(workbench, "js gateway.server.silent = true", "true");
    await type(workbench, "announce", "Waiting for the simulated gateway");
    await progress.waitFor();
    await workbench.picture("progress");
    await workbench.page.keyboard.press("Control+C");
    await progress.waitFor({ state: "hidden" });
    await until("the end", () => screen(workbench), (text) => text.includes("Cancelled"));
    await type(workbench, "js gateway.server.silent = false", "false");
  }],
  [
    "no escape code shows as text, and the shell has its own decorations again",
    async ({ workbench }) => {
      const text = await screen(workbench);
      assertEquals(/633;|9;4;/.test(text), false);
      await workbench.page.keyboard.press("Control+D");
      await until("the shell", () => screen(workbench), (seen) => /[$#] *$/.test(seen.trimEnd()));
      await type(workbench, "cat nowhere", "No such file");
      await until(
        "its decoration",
        () => decorations(workbench),
        (seen) => seen.at(-1) === "error",
      );
    },
  ],
  ["a printed path is a link, resolved from the folder of the prompt", async ({ workbench }) => {
    await type(workbench, "cd src && deno run -A ../repl.ts --simulate", "[0]>");
    await type(workbench, 'js "./clock.ts"', '"./clock.ts"');
    const box = await workbench.page.locator(".xterm-rows span", { hasText: '"./clock.ts"' }).last()
      .boundingBox();
    if (box === null) throw new Error("Cannot find the path on the page");
    const { mouse, keyboard } = workbench.page;
    await keyboard.down("Control");
    await mouse.move(box.x + box.width / 3, box.y + box.height / 2);
    await workbench.page.waitForTimeout(1_000); // the editor checks whether the file exists
    await mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await keyboard.up("Control");
    await workbench.page.locator(".tabs-container .tab", { hasText: "clock.ts" }).waitFor();
    await workbench.command("Terminal: Focus Terminal");
    await workbench.page.keyboard.press("Control+D");
  }],
];

/** The text of the terminal, as it is on the page. */
async function screen({ page }: Workbench): Promise<string> {
  const rows = await page.locator(".xterm-rows:not(.terminal-sticky-scroll *) > div")
    .allTextContents();
  return rows.map((row) => row.replaceAll("\u00a0", " ").trimEnd()).join("\n");
}

/** Clicks on the terminal until it takes keys: a window that was reloaded may move the focus once more. */
async function focus({ page }: Workbench): Promise<void> {
  await until(
    "the focus",
    async () => {
      await page.locator(".terminal-wrapper.active .xterm-screen").first().click();
      return await page.evaluate<string>("document.activeElement.className");
    },
    (focused) => focused.includes("xterm-helper-textarea"),
  );
}

/** Types a line, and waits for a part of its output. */
async function type(workbench: Workbench, line: string, answer: string): Promise<void> {
  const before = (await screen(workbench)).split(answer).length;
  await workbench.page.keyboard.type(line);
  await workbench.enter();
  const typed = line.includes(answer) ? 1 : 0;
  await until(
    `"${answer}"`,
    () => screen(workbench),
    (text) => text.split(answer).length > before + typed,
  );
}

/** The kinds of the decorations of commands that have ended, from top to bottom. */
async function decorations({ page }: Workbench): Promise<string[]> {
  const kinds = await page.evaluate<[number, string][]>(`
    [...document.querySelectorAll(".terminal-command-decoration")].map((element) => [
      element.getBoundingClientRect().top,
      ["success", "error"].find((kind) => element.classList.contains(kind)) ?? "none",
    ])
  `);
  return kinds.sort(([a], [b]) => a - b).map(([, kind]) => kind).filter((kind) => kind !== "none");
}
