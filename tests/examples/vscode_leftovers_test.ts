/** What the VS Code extension finds of windows that were killed. */

import { assertEquals } from "@std/assert";
import { leftStateFiles, removeWindow } from "../../examples/vscode/src/leftovers.ts";

Deno.test("leftStateFiles() finds the state of killed windows, and removes folders without one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const gone = await endedProcess();
    const window = async (id: number | string, ...files: string[]) => {
      await Deno.mkdir(`${folder}/${id}`, { recursive: true });
      for (const file of files) await Deno.writeTextFile(`${folder}/${id}/${file}`, "{}");
    };
    await window(gone, "router.json", "simulated.json");
    await window(Deno.pid, "router.json"); // a window that is open
    await window("trace", "router.json"); // no window
    const [left, ...more] = leftStateFiles(folder);
    assertEquals([left, more], [`${folder}/${gone}/router.json`, []]);
    removeWindow(left ?? "");
    await window(gone, "simulated.json");
    assertEquals(leftStateFiles(folder), []);
    const rest = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
    assertEquals(rest, [String(Deno.pid), "trace"].sort());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" }).spawn();
  await child.status;
  return child.pid;
}
