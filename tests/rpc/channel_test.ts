import { assertEquals, assertRejects } from "@std/assert";
import type { Message } from "vscode-jsonrpc";
import { Channel } from "../../rpc/channel.ts";
import { encodeFrame, FrameDecoder, FramingError } from "../../rpc/framing.ts";
import { nextTurn } from "./rpc_lab.ts";

Deno.test("Channel passes on valid messages and answers the others with an error", async () => {
  const ends = new Ends();
  ends.say({ jsonrpc: "2.0", id: 1, method: "a" });
  ends.say([]);
  ends.say({ jsonrpc: "2.0", method: "b" });
  ends.close();
  assertEquals(await ends.channel.next(), { jsonrpc: "2.0", id: 1, method: "a" } as Message);
  assertEquals(await ends.channel.next(), { jsonrpc: "2.0", method: "b" } as Message);
  assertEquals(await ends.channel.next(), undefined);
  await ends.channel.flush();
  assertEquals(ends.heard(), [{
    jsonrpc: "2.0",
    id: null,
    error: { code: -32600, message: "Batches are not supported, send the requests one by one" },
  }]);
});

Deno.test("Channel accepts an id again after the response to it", async () => {
  const ends = new Ends();
  const request = { jsonrpc: "2.0", id: 1, method: "a" };
  ends.say(request);
  ends.say(request); // in flight: refused
  ends.say({ ...request, id: 2 });
  await ends.channel.next();
  assertEquals((await ends.channel.next() as Numbered).id, 2);
  await ends.channel.write({ jsonrpc: "2.0", id: 1, result: null } as Message);
  ends.say(request);
  assertEquals((await ends.channel.next() as Numbered).id, 1);
  assertEquals(ends.heard().map(({ id, error }) => [id, error?.code]), [
    [null, -32600],
    [1, undefined],
  ]);
});

Deno.test("Channel warns when the stream ends in the middle of a message", async () => {
  const ends = new Ends();
  ends.sayBytes(encodeFrame({ jsonrpc: "2.0", id: 1, method: "a" }).slice(0, -3));
  ends.close();
  assertEquals(await ends.channel.next(), undefined);
  assertEquals(ends.logged, ["warn: The input ended in the middle of a message"]);
});

Deno.test("Channel.next() throws when framing is lost", async () => {
  const ends = new Ends();
  ends.sayBytes(new TextEncoder().encode("hello\r\n\r\n"));
  await assertRejects(() => ends.channel.next(), FramingError);
});

Deno.test("Channel.reader passes messages, errors and the end to a connection", async () => {
  const events: string[] = [];
  for (const [text, last] of [["", "close"], ["?\r\n\r\n", "error"]] as const) {
    const ends = new Ends();
    ends.channel.reader.onError(() => events.push("error"));
    ends.channel.reader.onClose(() => events.push("close"));
    ends.say({ jsonrpc: "2.0", id: 1, method: last });
    ends.sayBytes(new TextEncoder().encode(text));
    ends.close();
    const first = await ends.channel.next();
    if (first !== undefined) ends.channel.unread(first);
    ends.channel.reader.listen((message) => events.push((message as Numbered).method ?? ""));
    await nextTurn();
  }
  assertEquals(events, ["close", "close", "error", "error"]);
});

Deno.test("Channel stops reading while its responses are not read", async () => {
  const ends = new Ends();
  ends.hold();
  const answer = { jsonrpc: "2.0", id: 1, result: "x".repeat(1_000_000) } as Message;
  const written = [1, 2, 3, 4, 5].map(() => ends.channel.write(answer));
  ends.say({ jsonrpc: "2.0", id: 9, method: "late" });
  const next = ends.channel.next();
  await nextTurn();
  assertEquals(ends.reads, 0);
  ends.release();
  await Promise.all(written);
  assertEquals((await next as Numbered).id, 9);
  assertEquals(ends.heard().length, 5);
});

Deno.test("Channel closes when writing fails", async () => {
  const ends = new Ends();
  let closed = 0;
  ends.channel.writer.onClose(() => closed++);
  ends.fail(new Error("Broken pipe"));
  const message = { jsonrpc: "2.0", method: "a" } as Message;
  await assertRejects(() => ends.channel.writer.write(message), Error, "Broken pipe");
  await assertRejects(() => ends.channel.writer.write(message), Error, "Broken pipe");
  await ends.channel.flush();
  await nextTurn();
  assertEquals(closed, 1);
});

Deno.test("Channel writes messages in order, though the stream takes one octet at a time", async () => {
  const ends = new Ends(1);
  const messages = ["é", "b", "c"].map((result, id) => ({ jsonrpc: "2.0", id, result }));
  await Promise.all(messages.map((message) => ends.channel.write(message as Message)));
  assertEquals(ends.heard(), messages);
});

interface Numbered extends Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A channel and the other side of its two streams. */
class Ends {
  readonly channel: Channel;
  readonly logged: string[] = [];
  reads = 0;
  readonly #most: number;
  readonly #heard: Uint8Array[] = [];
  #said: (Uint8Array | null)[] = [];
  #wake = (): void => {};
  #held: PromiseWithResolvers<void> | undefined;
  #error: Error | undefined;

  constructor(most = Infinity) {
    this.#most = most;
    this.channel = new Channel(
      { read: (buffer) => this.#read(buffer) },
      { write: (bytes) => this.#write(bytes) },
      (level, text) => this.logged.push(`${level}: ${text}`),
    );
  }

  say(message: unknown): void {
    this.sayBytes(encodeFrame(message));
  }

  sayBytes(bytes: Uint8Array): void {
    this.#said.push(bytes);
    this.#wake();
  }

  close(): void {
    this.#said.push(null);
    this.#wake();
  }

  heard(): Numbered[] {
    const decoder = new FrameDecoder();
    const messages: Numbered[] = [];
    for (const bytes of this.#heard) decoder.push(bytes);
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      if (frame.ok) messages.push(JSON.parse(frame.text));
    }
    return messages;
  }

  hold(): void {
    this.#held = Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
  }

  fail(error: Error): void {
    this.#error = error;
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    this.reads++;
    while (this.#said.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const bytes = this.#said.shift() ?? null;
    if (bytes === null) return null;
    const taken = bytes.subarray(0, buffer.length);
    if (taken.length < bytes.length) this.#said.unshift(bytes.subarray(taken.length));
    buffer.set(taken);
    return taken.length;
  }

  async #write(bytes: Uint8Array): Promise<number> {
    await this.#held?.promise;
    if (this.#error !== undefined) throw this.#error;
    const taken = bytes.slice(0, this.#most);
    this.#heard.push(taken);
    return taken.length;
  }
}
