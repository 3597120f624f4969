/** The names that strsignal(3) of glibc gives signals, as Mesos prints them. */
const SIGNAL_NAMES: readonly (string | undefined)[] = [
  undefined,
  "Hangup",
  "Interrupt",
  "Quit",
  "Illegal instruction",
  "Trace/breakpoint trap",
  "Aborted",
  "Bus error",
  "Floating point exception",
  "Killed",
  "User defined signal 1",
  "Segmentation fault",
  "User defined signal 2",
  "Broken pipe",
  "Alarm clock",
  "Terminated",
  "Stack fault",
  "Child exited",
  "Continued",
  "Stopped (signal)",
  "Stopped",
  "Stopped (tty input)",
  "Stopped (tty output)",
  "Urgent I/O condition",
  "CPU time limit exceeded",
  "File size limit exceeded",
  "Virtual timer expired",
  "Profiling timer expired",
  "Window changed",
  "I/O possible",
  "Power failure",
  "Bad system call",
]

const CORE_DUMPED = 0x80

/** Whether a wait status means exit code 0. */
export const succeeded = (status: number): boolean => status === 0

/**
 * A wait status in words: "exited with status 1", "terminated with signal Killed".
 * Source: apache/mesos: 3rdparty/stout/include/stout/os/wait.hpp (WSTRINGIFY).
 */
export function describeWaitStatus(status: number): string {
  const signal = status & 0x7f
  if (signal === 0) return `exited with status ${(status >> 8) & 0xff}`
  const name = SIGNAL_NAMES[signal] ?? `Unknown signal ${signal}`
  const core = (status & CORE_DUMPED) !== 0 ? " (core dumped)" : ""
  return `terminated with signal ${name}${core}`
}
