import { assertEquals, assertRejects } from "@std/assert";
import { Observers } from "../../src/client/observers.ts";

interface Subject {
  readonly id: number;
  value: number;
}

const isLarge = ({ value }: Subject): boolean => value > 10;
const isSet = ({ value }: Subject): boolean => value > 0;

Deno.test("Observers tells each who waits when his condition holds, and nobody else", async () => {
  const observers = new Observers<Subject>();
  const [one, other]: Subject[] = [{ id: 1, value: 0 }, { id: 200, value: 0 }];
  if (one === undefined || other === undefined) throw new Error("there are two");
  const told: string[] = [];
  const wait = (subject: Subject, condition: (subject: Subject) => boolean, name: string): void => {
    void observers.when(subject, condition, undefined).then(() => told.push(name));
  };
  wait(one, isLarge, "one large");
  wait(one, isSet, "one set");
  wait(other, isSet, "other set");
  one.value = 5;
  observers.notify(one);
  await Promise.resolve();
  assertEquals(told, ["one set"]);
  one.value = 11;
  observers.notify(one);
  observers.notify(one);
  await Promise.resolve();
  assertEquals(told, ["one set", "one large"]);
  other.value = 1;
  observers.notify(one);
  await Promise.resolve();
  assertEquals(told.length, 2);
  observers.notify(other);
  await Promise.resolve();
  assertEquals(told, ["one set", "one large", "other set"]);
});

Deno.test("Observers forgets who gave up, and tells the others all the same", async () => {
  const observers = new Observers<Subject>();
  const subject: Subject = { id: 7, value: 0 };
  const giveUp = new AbortController();
  const first = observers.when(subject, isSet, undefined);
  const second = observers.when(subject, isSet, giveUp.signal);
  const third = observers.when(subject, isSet, undefined);
  giveUp.abort(new Error("enough"));
  await assertRejects(() => second, Error, "enough");
  await assertRejects(() => observers.when(subject, isSet, giveUp.signal), Error, "enough");
  subject.value = 1;
  observers.notify(subject);
  await Promise.all([first, third]);
  await observers.when(subject, isSet, undefined);
});
