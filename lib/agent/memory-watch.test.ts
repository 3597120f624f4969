import { expect, test } from "bun:test"
import type { Clock, ContainerExit, ContainerId, ContainerRuntime } from "#lib/ports/index.ts"
import type { AgentInput } from "./core/types.ts"
import { MemoryWatch } from "./memory-watch.ts"

const limitation: NonNullable<ContainerExit["limitation"]> = {
  reason: "REASON_CONTAINER_LIMITATION_MEMORY",
  message: "too much",
  resources: [],
}

/** A watch whose rounds begin when the test says so. */
function scene(runtimes: readonly Partial<ContainerRuntime>[]) {
  const posted: AgentInput[] = []
  const warned: string[] = []
  const wakes: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    wakeAt: (_at, run) => {
      wakes.push(run)
      return () => void wakes.splice(wakes.indexOf(run), 1)
    },
    soon: () => {},
  }
  const watch = new MemoryWatch({
    runtimes: runtimes as readonly ContainerRuntime[],
    available: new Set(["process", "runc"]),
    clock,
    log: { enabled: () => true, write: (_level, text) => void warned.push(text) },
    post: (input) => posted.push(input),
  })
  watch.start()
  const round = async (): Promise<void> => {
    wakes.shift()?.()
    for (let turn = 0; turn < 100 && wakes.length === 0; turn++) await Promise.resolve()
  }
  return { watch, round, posted, warned, wakes }
}

test("reports what each runtime that measures finds, again and again", async () => {
  const id = "a" as ContainerId
  const findExcesses = () => Promise.resolve(new Map([[id, limitation]]))
  const { watch, round, posted, wakes } = scene([
    { name: "process", findExcesses },
    { name: "docker", findExcesses },
    { name: "runc" },
  ])
  await round()
  expect(posted).toEqual([{ kind: "limitReached", containerId: id, limitation }])
  await round()
  expect(posted).toHaveLength(2)
  watch.stop()
  expect(wakes).toEqual([])
})

test("a runtime that cannot measure is asked again, and where none does nothing happens", async () => {
  const broken = {
    name: "process",
    findExcesses: () => Promise.reject(new Error("no /proc")),
  } as const
  const { round, warned, wakes } = scene([broken])
  await round()
  expect(warned).toEqual(["cannot measure the memory of containers"])
  expect(wakes).toHaveLength(1)
  expect(scene([{ name: "process" }]).wakes).toEqual([])
})
