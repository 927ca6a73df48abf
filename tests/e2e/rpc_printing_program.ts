/** Prints in every way that a dependency might, after stdout was claimed for the protocol. */

// deno-lint-ignore-file no-console -- that is what is tested
import process from "node:process";
import { claimStdout } from "../../rpc/stdout.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(`${text}\n`);

const write = claimStdout();
console.log("print 1.");
console.info("print %d.", 2);
console.debug("print 3.");
console.warn("print 4.");
console.error("print 5.");
console.table([{ text: "print 6." }]);
console.dir({ text: "print 7." });
console.dirxml({ text: "print 8." });
console.group("print 9.");
console.log("print 10.");
console.groupEnd();
console.count("print 11.");
console.time("print 12.");
console.timeEnd("print 12.");
console.trace("print 13.");
console.assert(false, "print 14.");
await Deno.stdout.write(bytes("print 15."));
Deno.stdout.writeSync(bytes("print 16."));
await new Promise((resolve) => process.stdout.write("print 17.\n", resolve));
await write(bytes("the protocol"));
