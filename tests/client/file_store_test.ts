import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FileStore, StoreError } from "../../mod.ts";
import { StateFolder, stateText, STORED } from "./state_folder.ts";

Deno.test("FileStore keeps mappings in a file that only its owner can read", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  const store = new FileStore(path);
  assertEquals(await store.load(), []);
  await store.save([STORED]);
  await store.close();
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  const again = new FileStore(path);
  assertEquals(await again.load(), [STORED]);
  await again.close();
});

Deno.test("FileStore refuses a file that another client uses", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  const first = new FileStore(path);
  await first.load();
  const error = await assertRejects(() => new FileStore(path).load(), StoreError);
  assertEquals(error.reason, "inUse");
  await first.close();
  const second = new FileStore(path);
  await second.load();
  await second.close();
});

Deno.test("FileStore renames a damaged file, and starts empty after that", async () => {
  const texts = [
    "{",
    '{"version":1}',
    '{"version":1,"mappings":[{}]}',
    '{"version":1,"mappings":"none"}',
    '{\n  "version": 1,\n  "mappings": [\n    {"server":"192.168.1.1"',
    stateText([{ ...STORED, options: undefined }]),
  ];
  for (const text of texts) {
    await using folder = await StateFolder.create();
    const path = folder.file("state.json");
    await Deno.writeTextFile(path, text);
    const error = await assertRejects(() => new FileStore(path).load(), StoreError);
    assertEquals(error.reason, "damaged");
    const aside = (await folder.names()).find((name) => name.includes("damaged"));
    assertEquals(await Deno.readTextFile(folder.file(aside ?? "")), text);
    assertStringIncludes(error.message, aside ?? "no file aside");
    const store = new FileStore(path);
    assertEquals(await store.load(), []);
    await store.close();
  }
});

Deno.test("FileStore does not touch a file of a newer version", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  await Deno.writeTextFile(path, '{"version":2,"mappings":"of another kind"}');
  const error = await assertRejects(() => new FileStore(path).load(), StoreError);
  assertEquals(error.reason, "newer");
  assertEquals(await Deno.readTextFile(path), '{"version":2,"mappings":"of another kind"}');
});

Deno.test("FileStore names a file that cannot be written", async () => {
  const error = await assertRejects(
    () => new FileStore("/nowhere/at/all/state.json").load(),
    StoreError,
  );
  assertEquals(error.reason, "unwritable");
  assertStringIncludes(error.message, '"/nowhere/at/all/state.json"');
});
