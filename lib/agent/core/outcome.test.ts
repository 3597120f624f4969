import { expect, test } from "bun:test"
import type { ContainerExit } from "#lib/ports/index.ts"
import { terminalStatus } from "./outcome.ts"
import type { KillCause, TaskRecord } from "./records.ts"
import { TestWorld, testTask } from "./test-world.ts"

/** A task that runs, or is being launched, and may be under a kill. */
function taskWith(options: {
  readonly cause?: KillCause
  readonly started?: boolean
  readonly docker?: boolean
}): TaskRecord {
  const world = new TestWorld().register()
  const container = { type: "DOCKER", docker: { image: "busybox" } } as const
  world.run(testTask("t", options.docker === true ? { container } : {}))
  const [task] = [...world.agent.workload.tasks()]
  const { cause, started = true } = options
  const kill = cause === undefined ? {} : { kill: { cause, graceMs: 1, deadline: 1 } }
  return {
    ...task!,
    progress: { ...task!.progress, ...(started ? { startedAt: 1 } : {}), ...kill },
  }
}

const exited = (exit: ContainerExit) => ({ kind: "exited", exit }) as const

const limitation = {
  reason: "REASON_CONTAINER_LIMITATION_MEMORY",
  message: "Memory limit exceeded",
  resources: [],
} as const

test.each([
  ["exit 0", {}, { status: 0 }, "TASK_FINISHED", undefined, "Command exited with status 0"],
  ["exit 2", {}, { status: 2 << 8 }, "TASK_FAILED", undefined, "Command exited with status 2"],
  [
    "a signal",
    {},
    { status: 11 },
    "TASK_FAILED",
    undefined,
    "Command terminated with signal Segmentation fault",
  ],
  [
    "a Docker container",
    { docker: true },
    { status: 1 << 8 },
    "TASK_FAILED",
    undefined,
    "Container exited with status 1",
  ],
  [
    "a lost status",
    {},
    { message: "its supervisor was killed" },
    "TASK_FAILED",
    "REASON_EXECUTOR_TERMINATED",
    "its supervisor was killed",
  ],
  [
    "a lost status while it is killed",
    { cause: "requested" },
    {},
    "TASK_KILLED",
    undefined,
    undefined,
  ],
  [
    "a limit",
    {},
    { status: 9, limitation },
    "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_MEMORY",
    "Memory limit exceeded",
  ],
  [
    "a limit while it is killed",
    { cause: "requested" },
    { status: 9, limitation },
    "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_MEMORY",
    "Memory limit exceeded",
  ],
] as const)("%s", (_name, options, exit, state, reason, message) => {
  // Of what the agent itself has found out, it is the source.
  const source = reason === undefined ? undefined : "SOURCE_AGENT"
  const status = terminalStatus(taskWith(options), exited(exit), false)
  expect(status).toMatchObject({ state })
  expect([status.source, status.reason, status.message]).toEqual([source, reason, message])
})

test.each([
  ["requested", true, false, "TASK_KILLED", undefined],
  ["requested", false, false, "TASK_KILLED", "REASON_TASK_KILLED_DURING_LAUNCH"],
  ["unhealthy", true, false, "TASK_KILLED", undefined],
  ["maxCompletionTime", true, false, "TASK_FAILED", "REASON_MAX_COMPLETION_TIME_REACHED"],
  ["launchTimeout", false, false, "TASK_FAILED", "REASON_EXECUTOR_REGISTRATION_TIMEOUT"],
  ["group", true, false, "TASK_KILLED", undefined],
  ["executorShutdown", true, false, "TASK_KILLED", undefined],
  ["agentShutdown", true, false, "TASK_KILLED", undefined],
  ["drain", true, false, "TASK_KILLED", "REASON_AGENT_DRAINING"],
  ["drain", true, true, "TASK_GONE_BY_OPERATOR", "REASON_AGENT_DRAINING"],
] as const)("killed: %s (started %p, gone %p) is %s", (cause, started, gone, state, reason) => {
  const task = taskWith({ cause, started })
  for (const exit of [{ status: 9 }, { status: 0 }, {}]) {
    const status = terminalStatus(task, exited(exit), gone)
    expect([status.state, status.reason]).toEqual([state, reason])
    expect(status.healthy).toBe(cause === "unhealthy" ? false : undefined)
  }
})

test("a launch that failed says why, unless it was given up on purpose", () => {
  const failure = { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "no such image" } as const
  const end = { kind: "failed", failure } as const
  expect(terminalStatus(taskWith({ started: false }), end, false)).toEqual({
    state: "TASK_FAILED",
    source: "SOURCE_AGENT",
    ...failure,
  })
  const killed = terminalStatus(taskWith({ cause: "requested", started: false }), end, false)
  expect(killed.reason).toBe("REASON_TASK_KILLED_DURING_LAUNCH")
})
