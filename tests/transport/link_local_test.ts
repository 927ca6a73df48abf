/** IPv6 multicast does not work on the loopback interface, so these tests lay two cables in a network of their own. */

import { assertEquals } from "@std/assert";

const CABLES = `
  set -e
  mount -t sysfs none /sys
  cable() {
    ip link add v$1 type veth peer name v$2
    for end in $1 $2; do
      ip link set v$end addrgenmode none up
      ip address add fe80::$end/64 dev v$end nodad
    done
  }
  cable a b
  cable c d
`;

for (const network of ["Deno.listenDatagram", "node:dgram"]) {
  Deno.test({
    name: `${network}: link-local addresses and groups work per interface (C-14.1.3-1)`,
    // It needs Linux, root, and the programs ip and unshare.
    ignore: Deno.env.get("PCP_LAB") !== "required" && !await canUnshare(),
    fn: async () => {
      const program = new URL("link_local.ts", import.meta.url).href;
      const deno = [Deno.execPath(), "run", "-A", "--unstable-net", program, network];
      const heard = await unshare(`${CABLES}exec ${deno.map((arg) => `'${arg}'`).join(" ")}`);
      assertEquals(JSON.parse(heard), {
        local: "fe80::a%va",
        heard: [[24, "fe80::b", 5351], [24, "fe80::b", 5351], [60, "fe80::b", 5351]],
        errors: [],
      });
    },
  });
}

async function canUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    await unshare(CABLES);
    return true;
  } catch {
    return false;
  }
}

/** Runs a shell script in new network and mount namespaces, which vanish with it. */
async function unshare(script: string): Promise<string> {
  const args = ["--net", "--mount", "sh", "-c", script];
  const { success, stdout, stderr } = await new Deno.Command("unshare", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
