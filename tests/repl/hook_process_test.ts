/** Programs of `--exec` as real processes. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { linesOf, spawn } from "./command_line.ts";

/** Runs a command with `--exec` until the program prints its number, and sends the signal then. */
async function interrupted(
  words: readonly string[],
  program: string,
  signal: Deno.Signal,
): Promise<{ code: number; lines: string[]; errors: string; hook: number; seconds: number }> {
  const script = `echo "hook $$"; ${program}`;
  const child = spawn([...words, "--simulate", "--exec", `sh -c '${script}'`]);
  await child.stdin.close();
  const lines: string[] = [];
  let sentAt = 0;
  for await (const line of linesOf(child.stdout)) {
    lines.push(line);
    if (!line.startsWith("hook ")) continue;
    sentAt = performance.now();
    child.kill(signal);
  }
  const errors = await new Response(child.stderr).text();
  const { code } = await child.status;
  const hook = Number(lines.find((line) => line.startsWith("hook "))?.slice(5));
  return { code, lines, errors, hook, seconds: (performance.now() - sentAt) / 1000 };
}

const isUnix = Deno.build.os !== "windows";

Deno.test({
  name:
    "a program that never ends is stopped 2 seconds after SIGINT or SIGTERM, and the mapping deleted (K-5)",
  ignore: !isUnix,
  fn: async () => {
    for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const { code, lines, errors, hook, seconds } = await interrupted(
        ["map", "6000/tcp", "-k"],
        "while true; do sleep 1; done",
        signal,
      );
      assertEquals(code, expected);
      assertEquals(lines.at(-1), "Released mapping 1 (tcp 6000 at 203.0.113.5:6000)");
      assertMatch(errors, /^Stopped the program of mapping 1: "sh -c .*" did not end by itself$/m);
      assert(seconds >= 1.9 && seconds < 20, `${seconds}`);
      assert(!isRunning(hook));
    }
  },
});

Deno.test({
  name: "a program that ignores SIGTERM is killed, with what it has started (K-5)",
  ignore: !isUnix,
  fn: async () => {
    const { code, hook, seconds } = await interrupted(
      ["map", "6000/tcp", "-k"],
      `trap "" TERM; sleep 1000 & wait; sleep 1000`,
      "SIGTERM",
    );
    assertEquals(code, 143); // and the end of its output: a process that was left would keep it open
    assert(seconds >= 2.9 && seconds < 20, `${seconds}`);
    assert(!isRunning(hook));
  },
});

Deno.test({
  name: "a program that ends in time is not stopped, and the exit code is 0 (K-5)",
  ignore: !isUnix,
  fn: async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const { code, lines, errors } = await interrupted(
        ["map", "6000/tcp", "-k"],
        `sleep 0.3; echo "finished"`,
        signal,
      );
      assertEquals([code, errors], [0, ""]);
      assert(lines.includes("finished"));
    }
  },
});

Deno.test({
  name: "SIGINT ends a command that waits for its program, and leaves no mapping (K-5)",
  ignore: !isUnix,
  fn: async () => {
    const { code, lines } = await interrupted(["map", "6000/tcp"], "sleep 1000", "SIGINT");
    assertEquals(code, 130);
    assertEquals(lines.at(-1), "Released mapping 1 (tcp 6000 at 203.0.113.5:6000)");
  },
});

Deno.test({
  name: "with --json, a process that the program leaves behind does not keep the command waiting",
  ignore: !isUnix,
  fn: async () => {
    const program = "sleep 1000 & echo $! >&2";
    const child = spawn([
      "map",
      "6000/tcp",
      "--json",
      "--simulate",
      "--exec",
      `sh -c '${program}'`,
    ]);
    await child.stdin.close();
    const { code, stderr } = await child.output();
    Deno.kill(Number(new TextDecoder().decode(stderr)), "SIGKILL");
    assertEquals(code, 0);
  },
});

function isRunning(process: number): boolean {
  try {
    return Deno.kill(process, "SIGCONT") === undefined;
  } catch {
    return false;
  }
}
