import { assertEquals, assertRejects } from "@std/assert";
import { Observers, type Question } from "../../src/client/observers.ts";

interface Subject {
  readonly id: number;
  value: number;
}

const isLarge = ({ value }: Subject): true | undefined => value > 10 || undefined;
const isSet = ({ value }: Subject): true | undefined => value > 0 || undefined;

Deno.test("Observers tells each who waits when his condition holds, and nobody else", async () => {
  const observers = new Observers<Subject>();
  const [one, other]: Subject[] = [{ id: 1, value: 0 }, { id: 200, value: 0 }];
  if (one === undefined || other === undefined) throw new Error("there are two");
  const told: string[] = [];
  const wait = (subject: Subject, question: Question<Subject, true>, name: string): void => {
    void observers.when(subject, question, undefined).then(() => told.push(name));
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

Deno.test("Observers passes on the answers, in the order of the questions, and rejects with one that is an error", async () => {
  const observers = new Observers<Subject>();
  const subject: Subject = { id: 7, value: 0 };
  const told: string[] = [];
  const valueOf = ({ value }: Subject): number | Error | undefined =>
    value < 0 ? new RangeError("negative") : value || undefined;
  const ask = (name: string): void => {
    observers.when(subject, valueOf, undefined).then(
      (value) => told.push(`${name} ${value}`),
      (error: unknown) => told.push(`${name} ${error}`),
    );
  };
  ask("first");
  void observers.when(subject, isLarge, undefined).then(() => told.push("large"));
  ask("second");
  observers.notify(subject); // it has no answer yet, and all keep their places
  ask("third");
  subject.value = 5;
  observers.notify(subject);
  await Promise.resolve();
  assertEquals(told.splice(0), ["first 5", "second 5", "third 5"]);
  subject.value = 0;
  ask("fourth");
  subject.value = -1;
  observers.notify(subject);
  ask("fifth");
  await Promise.resolve();
  assertEquals(told.splice(0), ["fourth RangeError: negative", "fifth RangeError: negative"]);
  subject.value = 11;
  observers.notify(subject);
  await Promise.resolve();
  assertEquals(told, ["large"]);
});

Deno.test("Observers of one subject may be many, of whom half give up", async () => {
  const observers = new Observers<Subject>();
  const subject: Subject = { id: 7, value: 0 };
  const controllers = Array.from({ length: 1_000 }, () => new AbortController());
  const patient = controllers.map(() => observers.when(subject, isSet, undefined));
  const others = controllers.map(({ signal }) => observers.when(subject, isSet, signal));
  observers.notify(subject);
  for (const controller of controllers) controller.abort(new Error("enough"));
  const refused = (await Promise.allSettled(others)).filter(({ status }) => status === "rejected");
  assertEquals(refused.length, controllers.length);
  subject.value = 1;
  observers.notify(subject);
  assertEquals((await Promise.all(patient)).length, controllers.length);
});
