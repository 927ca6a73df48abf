/**
 * `deno task vscode`: the extension and the prompt in a real VS Code, through a browser. Installs the missing parts into a
 * cache folder (`PORTCONTROL_VSCODE_CACHE`), writes pictures into its folder `pictures`, and ends every process it started.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { SimulatedServer, startLoopbackServer } from "../../src/testing/mod.ts";
import { startBrowser } from "./browser.ts";
import { startEditor } from "./editor.ts";
import { cacheFolder, install, type Installed } from "./install.ts";
import { PORT_STEPS } from "./port_steps.ts";
import { endAll, MARK } from "./processes.ts";
import { ROUTER_STEPS } from "./router_steps.ts";
import { TERMINAL_STEPS } from "./terminal_steps.ts";
import { TROUBLE_STEPS } from "./trouble_steps.ts";
import { Workbench } from "./workbench.ts";
import { FakeDeno, type StepContext } from "./step.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const EXTENSION = `${ROOT}/examples/vscode`;

async function main(): Promise<number> {
  const begin = performance.now();
  const cache = cacheFolder();
  const pictures = `${cache}/pictures`;
  const run = crypto.randomUUID();
  Deno.env.set(MARK, run); // every started process inherits it
  const home = await Deno.makeTempDir({ prefix: "portcontrol_vscode_" });
  await Deno.mkdir(`${home}/tmp`);
  Deno.env.set("TMPDIR", `${home}/tmp`); // the files of a killed browser are removed too
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      stop.abort(new Error(`Interrupted by ${signal}`));
      void endAll(run); // so that every wait ends
    });
  }
  const counts = { passed: 0, failed: 0 };
  try {
    await Deno.remove(pictures, { recursive: true }).catch(() => {}); // of an earlier run
    await Deno.mkdir(pictures, { recursive: true });
    const installed = await install(cache);
    await Promise.all([build(), warmUp()]);
    report("installed and built", begin);
    await takeSteps(await start(installed, run, home, pictures), counts, stop.signal);
  } catch (error) {
    counts.failed++;
    console.log(error instanceof Error ? error.message : error);
  } finally {
    await endAll(run);
    await Deno.remove(home, { recursive: true });
  }
  report(`The pictures are in ${pictures}`, begin);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
}

const STEPS = [...PORT_STEPS, ...ROUTER_STEPS, ...TERMINAL_STEPS, ...TROUBLE_STEPS];

/** Takes the steps in order up to the first failure, because each builds on those before. */
async function takeSteps(
  context: StepContext,
  counts: { passed: number; failed: number },
  stop: AbortSignal,
): Promise<void> {
  for (const [name, step] of STEPS) {
    const begin = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("Waited in vain for the end")), STEP_LIMIT);
      stop.addEventListener("abort", () => reject(stop.reason), { once: true });
    });
    try {
      await Promise.race([step(context), late]);
      counts.passed++;
      report(`ok      ${name}`, begin);
    } catch (error) {
      counts.failed++;
      report(`FAILED  ${name}`, begin);
      if (stop.aborted) return console.log(String(stop.reason));
      console.log(error instanceof Error ? error.stack ?? error.message : error);
      await context.workbench.picture("failure").catch(() => {}); // the page may be gone
      return;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function start(
  installed: Installed,
  run: string,
  home: string,
  pictures: string,
): Promise<StepContext> {
  const env = await environment(home);
  const deno = new FakeDeno(`${home}/bin/deno`);
  await deno.works();
  const editor = await startEditor(installed, `${EXTENSION}/dist/portcontrol.vsix`, home, env);
  const title = await editor.configure({ "portcontrol.denoPath": deno.path });
  const router = await startLoopbackServer(new SimulatedServer());
  const browser = await startBrowser(installed, env);
  const workbench = new Workbench(await browser.newPage(), pictures);
  await workbench.open(editor.address(ROOT), title);
  return { run, home, deno, router, editor, browser, workbench };
}

/** The environment of this process, without the variable that turns colours off. */
async function environment(home: string): Promise<Record<string, string>> {
  await Deno.mkdir(`${home}/bin`, { recursive: true });
  const { NO_COLOR: _, ...env } = Deno.env.toObject();
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(info.stdout)) as { denoDir: string };
  return { ...env, DENO_DIR: denoDir, PATH: `${home}/bin:${env.PATH ?? ""}` };
}

async function build(): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "vscode:package"],
    cwd: ROOT,
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  const printed = `${text.decode(stdout)}${text.decode(stderr)}`;
  if (!success) throw new Error(`Cannot build the extension: ${printed}`);
}

/**
 * Runs Deno for some seconds. With a new cache it asks the registry about packages in the background, and would draw the
 * progress over the prompt.
 */
async function warmUp(): Promise<void> {
  const prompt = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "repl.ts", "--simulate"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await prompt.stdin.close();
  await prompt.status;
}

/** Milliseconds for one step; its waits are shorter. */
const STEP_LIMIT = 120_000;

function report(what: string, begin: number): void {
  console.log(`${what} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
}

if (import.meta.main) Deno.exit(await main());
