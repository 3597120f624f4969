/**
 * The supervisor of one container: a POSIX shell in a session of its own, which starts the task,
 * waits for it and writes down how it ended. It holds nothing of the agent's (no pipe, no terminal,
 * no environment), so the agent may die and come back at any time.
 *
 * Arguments: the directory of the container's records, the file whose appearance tells that it has
 * ended, the cgroups that the task joins (separated by spaces), and the command line that starts the
 * task. A FIFO `input` among the records is the task's standard input, and its script is descriptor 6
 * then. Descriptors: 1 is a pipe whose end tells the
 * agent that the task was started (nothing is ever written to it, so a dead agent does no harm),
 * 3 and 4 are the task's stdout and stderr, 5 is the script that the task's shell reads.
 *
 * - `supervisor` is created exclusively. An agent that finds the records without it creates the file
 *   itself, and this supervisor then ends before it starts anything: nobody launches late.
 * - The task lets go of the pipe before it joins its cgroups: the first process to join one in a while
 *   waits for the kernel, about 8 ms, which nobody else needs to wait for.
 * - A shell may have taken notice of the end of a short task before it reads the start time: that is 0
 *   then, at which no process starts.
 * - `how` is what `jobs` says, since `$?` alone cannot tell exit code 137 from SIGKILL. A shell that
 *   says nothing (bash) leaves it empty.
 * - `status` is complete when it ends in a newline. Who has read it may remove the records before
 *   `ended` is made, which nobody would remove then.
 * - Signals meant for the task's process group, where setsid(1) is missing, must not end the
 *   supervisor; unlike ignored signals, caught ones are back to their defaults in the task.
 */
export const SUPERVISOR_SCRIPT = `
records=$1 ended=$2 cgroups=$3
shift 3
trap 'interrupted=1' HUP INT QUIT USR1 USR2 ALRM TERM
read -r self < "/proc/$$/stat"
set -C
printf '%s\\n' "$self" > "$records/supervisor" || exit 0
set +C
start() {
  if [ -p "$records/input" ]; then
    exec <> "$records/input" >&3 2>&4 6<&5 3>&- 4>&- 5>&-
  else
    exec <&5 >&3 2>&4 3>&- 4>&- 5>&-
  fi
  for cgroup in $cgroups; do
    echo 0 > "$cgroup/cgroup.procs" || exit 125
  done
  exec "$@"
}
start "$@" &
task=$!
{ read -r stat < "/proc/$task/stat"; } 2> /dev/null || stat="$task (ended) X${" 0".repeat(19)}"
printf '%s\\n' "$stat" > "$records/pid"
exec < /dev/null > /dev/null 2>&1 3>&- 4>&- 5>&-
cd /
interrupted=1
while [ "$interrupted" = 1 ]; do
  interrupted=0
  wait "$task"
  code=$?
done
jobs > "$records/how"
kill -9 "-$task"
until printf '%s\\n' "$code" > "$records/status" || [ ! -d "$records" ]; do
  sleep 1
done
: > "$ended"
[ -d "$records" ] || rm -f "$ended"
`

/** What a shell's `jobs` prints for a job that returned an exit code of its own. */
const EXITED = /\b(Done|Exit)\b/

/** The wait status behind the exit code that a shell saw, given what its `jobs` said. */
export function statusOfShellCode(code: number, how: string): number {
  if (code <= 128 || code > 128 + 64 || EXITED.test(how)) return (code & 0xff) << 8
  return code - 128
}
