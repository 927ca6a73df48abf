/** Whether the text of Linux's `/proc/PID/status` says that SIGHUP is ignored. */
export function ignoresHangUp(status: string | undefined): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status ?? "")?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n; // signal 1, the lowest bit
}
