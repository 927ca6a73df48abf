import { assertEquals, assertRejects } from "@std/assert";
import type { Message } from "vscode-jsonrpc";
import { Channel } from "../../rpc/channel.ts";
import { encodeFrame, FrameDecoder } from "../../rpc/framing.ts";
import { FramingError } from "../../rpc/header.ts";
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

Deno.test("Channel warns when the stream ends in the middle of a message, and names what is missing (R-4)", async () => {
  const ends = new Ends();
  ends.sayBytes(encodeFrame({ jsonrpc: "2.0", id: 1, method: "a" }).slice(0, -3));
  ends.close();
  assertEquals(await ends.channel.next(), undefined);
  assertEquals(ends.logged, [
    "warn: The input ended in the middle of a message: there must be 3 more octets of a message of 37; Content-Length must count octets",
  ]);
});

Deno.test("Channel says after five seconds what it waits for, once for each message (R-4)", async () => {
  const ends = new Ends();
  const next = ends.channel.next();
  await nextTurn();
  assertEquals(ends.timers.size, 0); // between messages it may wait for ever
  ends.sayBytes(bytes("Content-Length: 37\r\n"));
  await nextTurn();
  assertEquals(ends.timers.take(), [5_000]);
  await nextTurn();
  ends.sayBytes(bytes('\r\n{"jsonrpc"'));
  await nextTurn();
  assertEquals(ends.timers.size, 0);
  assertEquals(ends.logged, [
    'warn: Still waiting for the end of the headers, which is an empty line, after "Content-Length: 37\\r\\n"',
  ]);
  ends.sayBytes(bytes(':"2.0","id":1,"method":"a"}Cont'));
  assertEquals((await next as Numbered).id, 1);
  const another = ends.channel.next();
  await nextTurn();
  assertEquals(ends.timers.take(), [5_000]);
  assertEquals(ends.logged.length, 2);
  ends.close();
  assertEquals(await another, undefined);
});

Deno.test("Channel.next() throws when framing is lost, and sends the peer the complaint (R-3)", async () => {
  const ends = new Ends();
  ends.sayBytes(bytes('{"jsonrpc":"2.0","id":1,"method":"initialize"}\n'));
  const { message } = await assertRejects(() => ends.channel.next(), FramingError);
  await ends.channel.flush();
  assertEquals(ends.heard(), [
    { jsonrpc: "2.0", id: null, error: { code: -32700, message } },
  ] as unknown[]);
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

Deno.test("Channel passes no message on while 4 MiB of responses are not read, and reads ahead one message", async () => {
  const ends = new Ends();
  ends.hold();
  const answer = { jsonrpc: "2.0", id: 1, result: "x".repeat(1_000_000) } as Message;
  const written = [1, 2, 3, 4, 5].map(() => ends.channel.write(answer));
  ends.say({ jsonrpc: "2.0", id: 9, method: "late" });
  for (let chunk = 0; chunk < 200; chunk++) ends.sayBytes(bytes(" ".repeat(65_536)));
  const next = ends.channel.next();
  let isPassedOn = false;
  next.then(() => isPassedOn = true);
  for (let turn = 0; turn < 500; turn++) await nextTurn();
  assertEquals([isPassedOn, ends.reads], [false, 66]); // the message, and 65 chunks of 64 KiB
  ends.release();
  await Promise.all(written);
  assertEquals((await next as Numbered).id, 9);
  assertEquals(ends.heard().length, 5);
  ends.say({ jsonrpc: "2.0", id: 10, method: "later" });
  assertEquals((await ends.channel.next() as Numbered).id, 10); // it reads on
});

Deno.test("the writer of a connection waits for notifications to be written, not for responses", async () => {
  const ends = new Ends();
  ends.hold();
  const { writer } = ends.channel;
  let isWritten = false;
  writer.write({ jsonrpc: "2.0", method: "alert" } as Message).then(() => isWritten = true);
  await writer.write({ jsonrpc: "2.0", id: 1, result: null } as Message);
  await nextTurn();
  assertEquals(isWritten, false);
  ends.release();
  await nextTurn();
  assertEquals([isWritten, ends.heard().length], [true, 2]);
});

Deno.test("a thousand requests in one write make no more than 4 MiB of responses and one more", async () => {
  const ends = new Ends();
  ends.hold();
  const response = "x".repeat(1_000_000);
  let passedOn = 0;
  ends.channel.reader.listen((message) => {
    passedOn++;
    const { id } = message as Numbered;
    // A handler that needs no event, only some microtasks.
    void (async () => {
      for (let turn = 0; turn < 20; turn++) await undefined;
      await ends.channel.write({ jsonrpc: "2.0", id, result: response } as Message);
    })();
  });
  const requests = Array.from({ length: 1_000 }, (_, id) => ({ jsonrpc: "2.0", id, method: "a" }));
  ends.sayBytes(Uint8Array.from(requests.flatMap((request) => [...encodeFrame(request)])));
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  assertEquals(passedOn, 5);
  ends.release();
  while (passedOn < 20) await nextTurn();
});

Deno.test("Channel sees the end of its input while its responses are not read", async () => {
  const ends = new Ends();
  ends.hold();
  void ends.channel.write({ jsonrpc: "2.0", id: 1, result: "x".repeat(5_000_000) } as Message);
  let hasClosed = false;
  ends.channel.reader.onClose(() => hasClosed = true);
  ends.channel.reader.listen(() => {});
  ends.say({ jsonrpc: "2.0", id: 2, method: "never answered" });
  await nextTurn();
  ends.close();
  await nextTurn();
  assertEquals([hasClosed, ends.timers.take()], [false, [1_000]]);
  await nextTurn();
  assertEquals(hasClosed, true);
  assertEquals(ends.logged, [
    "warn: The input has ended, and 5000063 octets of the output are not read",
  ]);
  // Nor does the end wait for a reader that has stopped.
  const flushed = ends.channel.flush();
  assertEquals(ends.timers.take(), [1_000]);
  await flushed;
});

Deno.test("requests before the end of the input are answered while the responses are read slowly", async () => {
  const ends = new Ends(1_000_000);
  ends.hold();
  void ends.channel.write({ jsonrpc: "2.0", id: 1, result: "x".repeat(7_000_000) } as Message);
  const heard: unknown[] = [];
  ends.channel.reader.listen((message) => heard.push((message as Numbered).id));
  ends.say({ jsonrpc: "2.0", id: 2, method: "a" });
  ends.close();
  await nextTurn();
  for (let second = 0; heard.length === 0 && second < 10; second++) {
    ends.release(); // one write of 1,000,000 octets
    ends.hold();
    await nextTurn();
    ends.timers.take();
    await nextTurn();
  }
  assertEquals(heard, [2]);
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
  readonly timers = new Timers();
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
      { timer: this.timers.set },
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

  /** Holds the next writes. */
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

/** Timers that fire when the test takes them. */
class Timers {
  readonly #pending = new Map<() => void, number>();

  readonly set = (fire: () => void, milliseconds: number): () => void => {
    this.#pending.set(fire, milliseconds);
    return () => this.#pending.delete(fire);
  };

  get size(): number {
    return this.#pending.size;
  }

  /** Fires all, and returns their milliseconds. */
  take(): number[] {
    const taken = [...this.#pending];
    this.#pending.clear();
    for (const [fire] of taken) fire();
    return taken.map(([, milliseconds]) => milliseconds);
  }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
