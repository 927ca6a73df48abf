import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FileStore, type StoredMapping, StoreError } from "../../mod.ts";

Deno.test("FileStore keeps mappings in a file that only its owner can read", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/state.json`;
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
  await using folder = await temporaryFolder();
  const path = `${folder.path}/state.json`;
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
  for (const text of ["", "{", "[]", '{"version":1}', '{"version":1,"mappings":[{}]}']) {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/state.json`;
    await Deno.writeTextFile(path, text);
    const error = await assertRejects(() => new FileStore(path).load(), StoreError);
    assertEquals(error.reason, "damaged");
    const aside = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name)
      .find((name) => name.includes("damaged"));
    assertEquals(await Deno.readTextFile(`${folder.path}/${aside}`), text);
    assertStringIncludes(error.message, aside ?? "no file aside");
    const store = new FileStore(path);
    assertEquals(await store.load(), []);
    await store.close();
  }
});

Deno.test("FileStore does not touch a file of a newer version", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/state.json`;
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

Deno.test("FileStore treats a file with invalid fields as damaged", async () => {
  const wrong = [
    { externalAddress: "somewhere" },
    { server: "" },
    { kind: "sideways" },
    { kind: "outbound" },
    { internalPort: 70_000 },
    { lifetime: -1 },
    { options: "0" },
    { options: undefined },
    { nonce: "00" },
    { expiresAt: "tomorrow" },
  ];
  await using folder = await temporaryFolder();
  const file = `${folder.path}/state.json`;
  for (const fields of wrong) {
    await Deno.writeTextFile(
      file,
      JSON.stringify({ version: 1, mappings: [{ ...STORED, ...fields }] }),
    );
    const error = await assertRejects(() => new FileStore(file).load(), StoreError);
    assertEquals(error.reason, "damaged", JSON.stringify(fields));
  }
});

const STORED: StoredMapping = {
  server: "192.168.1.1",
  port: 5351,
  client: "192.168.1.10",
  kind: "inbound",
  protocol: 6,
  internalPort: 6000,
  lifetime: 7200,
  nonce: "a0a1a2a3a4a5a6a7a8a9aaab",
  externalAddress: "203.0.113.5",
  externalPort: 40000,
  expiresAt: "2999-01-01T00:00:00.000Z",
  options: "",
};

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
