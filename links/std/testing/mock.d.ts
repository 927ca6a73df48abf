// What this project uses of jsr:@std/testing/mock 1.x, with that package's signatures.

export declare class MockError extends Error {
  constructor(message: string);
}

export interface SpyCall<Self = unknown, Args extends unknown[] = unknown[], Return = unknown> {
  args: Args;
  returned?: Return;
  error?: Error;
  self?: Self;
}

export interface ExpectedSpyCall<Self, Args extends unknown[], Return> {
  args?: [...Args, ...unknown[]];
  self?: Self;
  returned?: Return;
  error?: { Class?: abstract new (...args: never[]) => Error; msgIncludes?: string };
}

export interface Spy<Self = unknown, Args extends unknown[] = unknown[], Return = unknown> {
  (this: Self, ...args: Args): Return;
  original: (this: Self, ...args: Args) => Return;
  calls: SpyCall<Self, Args, Return>[];
  restored: boolean;
  restore(): void;
}

export interface MethodSpy<Self, Args extends unknown[], Return>
  extends Spy<Self, Args, Return>, Disposable {}

export interface Stub<Self, Args extends unknown[], Return> extends MethodSpy<Self, Args, Return> {
  fake: (this: Self, ...args: Args) => Return;
}

type Method<T> = T extends (...args: infer Args) => infer Return ? [Args, Return] : never;
type MethodName<Self> = {
  [K in keyof Self]: Self[K] extends (...args: never[]) => unknown ? K : never;
}[keyof Self];
type MethodArgs<T> = Method<T> extends [infer Args extends unknown[], unknown] ? Args : never;
type MethodReturn<T> = Method<T> extends [unknown[], infer Return] ? Return : never;

export declare function spy<Self, Args extends unknown[]>(): Spy<Self, Args, undefined>;
export declare function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
export declare function spy<Self, Prop extends MethodName<Self>>(
  self: Self,
  property: Prop,
): MethodSpy<Self, MethodArgs<Self[Prop]>, MethodReturn<Self[Prop]>>;

export declare function stub<Self, Prop extends MethodName<Self>>(
  self: Self,
  property: Prop,
): Stub<Self, MethodArgs<Self[Prop]>, MethodReturn<Self[Prop]>>;
export declare function stub<Self, Prop extends MethodName<Self>>(
  self: Self,
  property: Prop,
  func: (this: Self, ...args: MethodArgs<Self[Prop]>) => MethodReturn<Self[Prop]>,
): Stub<Self, MethodArgs<Self[Prop]>, MethodReturn<Self[Prop]>>;

export declare function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void;
export declare function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected?: ExpectedSpyCall<Self, Args, Return>,
): void;
export declare function assertSpyCallArg<Self, Args extends unknown[], Return, Expected>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  argIndex: number,
  expected: Expected,
): Expected;
export declare function assertSpyCallArgs<
  Self,
  Args extends unknown[],
  Return,
  Expected extends unknown[],
>(spy: Spy<Self, Args, Return>, callIndex: number, expected: Expected): Expected;

export declare function returnsNext<Return, Self = unknown, Args extends unknown[] = unknown[]>(
  values: Iterable<Return>,
): (this: Self, ...args: Args) => Return;
export declare function resolvesNext<Return, Self = unknown, Args extends unknown[] = unknown[]>(
  iterable: Iterable<Return | Error | Promise<Return | Error>>,
): (this: Self, ...args: Args) => Promise<Return>;
