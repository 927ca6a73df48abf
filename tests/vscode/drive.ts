/**
 * `deno task vscode`: the extension and the prompt in a real VS Code, seen through a browser. Installs what is missing into
 * a cache folder (`PORTCONTROL_VSCODE_CACHE`), leaves pictures in its folder `pictures`, and ends everything that it started.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { type Browser, startBrowser } from "./browser.ts";
import { startEditor } from "./editor.ts";
import { cacheFolder, install, type Installed } from "./install.ts";
import { PORT_STEPS } from "./port_steps.ts";
import { endAll, MARK } from "./processes.ts";
import { TERMINAL_STEPS } from "./terminal_steps.ts";
import { TROUBLE_STEPS } from "./trouble_steps.ts";
import { Workbench } from "./workbench.ts";
import { FakeDeno, type World } from "./world.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const EXTENSION = `${ROOT}/examples/vscode`;

async function main(): Promise<number> {
  const begin = performance.now();
  const cache = cacheFolder();
  const pictures = `${cache}/pictures`;
  const run = crypto.randomUUID();
  const home = await Deno.makeTempDir({ prefix: "portcontrol_vscode_" });
  let passed = 0;
  let failed = 0;
  let browser: Browser | undefined;
  const clean = async (): Promise<void> => {
    await endAll(run);
    await Deno.remove(home, { recursive: true }).catch(() => {}); // it is gone
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => void clean().finally(() => Deno.exit(130)));
  }
  try {
    await Deno.mkdir(pictures, { recursive: true });
    const installed = await install(cache);
    await buildExtension();
    report("installed and built", begin);
    const world = await start(installed, run, home, pictures);
    browser = world.browser;
    for (
      const [name, step] of [
        ...(Deno.env.get("X") ? [] : PORT_STEPS),
        ...(Deno.env.get("Y") ? [] : TERMINAL_STEPS),
        ...TROUBLE_STEPS,
      ]
    ) {
      const stepBegin = performance.now();
      try {
        await step(world);
        passed++;
        report(`ok      ${name}`, stepBegin);
      } catch (error) {
        failed++;
        report(`FAILED  ${name}`, stepBegin);
        console.log(error instanceof Error ? error.stack ?? error.message : error);
        await world.workbench.picture("failure").catch(() => {}); // the page may be gone
        break; // each step builds on those before
      }
    }
  } catch (error) {
    failed++;
    console.log(error instanceof Error ? error.message : error);
  } finally {
    await browser?.close().catch(() => {}); // endAll() ends what does not
    await clean();
  }
  console.log(`Pictures are in ${pictures}`);
  report("all of it", begin);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function start(
  installed: Installed,
  run: string,
  home: string,
  pictures: string,
): Promise<World> {
  const env = await environment(run, home);
  const deno = new FakeDeno(`${home}/bin/deno`);
  await deno.works();
  const editor = await startEditor(installed, `${EXTENSION}/dist/portcontrol.vsix`, home, env);
  await editor.configure({ "portcontrol.denoPath": deno.path });
  const browser = await startBrowser(installed, env);
  const workbench = new Workbench(await browser.newPage(), pictures);
  await workbench.open(editor.address(ROOT));
  return { run, home, deno, editor, browser, workbench };
}

/** This process's, with a mark on it, and without what would make the prompt plain. */
async function environment(run: string, home: string): Promise<Record<string, string>> {
  await Deno.mkdir(`${home}/bin`, { recursive: true });
  const { NO_COLOR: _, ...env } = Deno.env.toObject();
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(info.stdout)) as { denoDir: string };
  return { ...env, [MARK]: run, DENO_DIR: denoDir, PATH: `${home}/bin:${env.PATH ?? ""}` };
}

async function buildExtension(): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "vscode:package"],
    cwd: ROOT,
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  if (success) return;
  throw new Error(`Cannot build the extension: ${text.decode(stdout)}${text.decode(stderr)}`);
}

function report(what: string, begin: number): void {
  console.log(`${what} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
}

if (import.meta.main) Deno.exit(await main());
