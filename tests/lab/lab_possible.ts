import { Claim } from "./claim.ts";
import { run } from "./process.ts";

/**
 * Returns what this machine lacks for the lab, in one line, or undefined.
 *
 * @throws {Error} If something is missing and the environment variable `PCP_LAB` is `required`.
 */
export async function labPossible(): Promise<string | undefined> {
  const missing = await whatIsMissing();
  if (missing !== undefined && Deno.env.get("PCP_LAB") === "required") {
    throw new Error(`Cannot build the router lab, and PCP_LAB is "required": ${missing}`);
  }
  return missing;
}

async function whatIsMissing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return `the router lab needs Linux, this is ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "the router lab needs root";
  for (const [tool, debianPackage] of TOOLS) {
    if (!await prints(["sh", "-c", `command -v ${tool}`], "")) {
      return `the router lab needs ${tool} (package ${debianPackage})`;
    }
  }
  if (!await prints(["miniupnpd", "--version"], "nftables")) {
    return "the router lab needs a miniupnpd that speaks nftables (package miniupnpd-nftables)";
  }
  const claim = await Claim.take();
  try {
    await run(["ip", "netns", "add", `${claim.prefix}-rt`]);
    await run([
      "ip",
      "netns",
      "exec",
      `${claim.prefix}-rt`,
      "nft",
      "add",
      "table",
      "inet",
      "probe",
    ]);
    return undefined;
  } catch (error) {
    return `the router lab needs network namespaces with nftables: ${String(error)}`;
  } finally {
    await claim.release();
  }
}

async function prints(command: readonly string[], text: string): Promise<boolean> {
  try {
    return (await run(command)).includes(text);
  } catch {
    return false; // not found or not permitted; the caller reports which
  }
}

const TOOLS = [
  ["ip", "iproute2"],
  ["nft", "nftables"],
  ["miniupnpd", "miniupnpd-nftables"],
  ["natpmpc", "natpmpc"],
  ["upnpc", "miniupnpc"],
] as const;
