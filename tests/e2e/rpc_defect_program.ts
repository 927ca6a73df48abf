/** Has two defects, and must go on running. */
import { surviveDefects } from "../../rpc/process_lifetime.ts";
import { writeStderr } from "../../rpc/stdout.ts";

surviveDefects((level, text) => writeStderr(`${level}: ${text}`));
setTimeout(() => {
  throw new Error("defect in a timer");
});
Promise.reject(new Error("defect in a promise"));
setTimeout(() => Deno.exit(7), 50);
