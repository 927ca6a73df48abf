/** What the command line needs at once besides the library: `src/modules.ts` tells why it is listed. */

import "./advice.ts";
import "./connection.ts";
import "./followed.ts";
import "./hook.ts";
import "./mapping_commands.ts";
import "./nearest.ts";
import "./parse.ts";
import "./read_command.ts";
import "./read_values.ts";
import "./render.ts";
import "./report.ts";
import "./screen.ts";
import "./session.ts";
import "./table.ts";
import "./text.ts";
import "./usage_error.ts";
import "./vscode.ts";
import "./wait.ts";
import "./words.ts";
