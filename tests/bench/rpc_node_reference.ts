/** What the bench compares the server with: answers every request with null, and is made of `vscode-jsonrpc/node` alone. */
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import process from "node:process";

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
connection.onRequest(() => null);
connection.onClose(() => Deno.exit());
connection.listen();
