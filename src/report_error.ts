/** Makes an error an uncaught one of the program. The global function of this name is missing in Node.js. */
export function reportError(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
