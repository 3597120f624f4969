import { describe, expect, test } from "bun:test"
import { parseResources, type Resources } from "#lib/mesos/index.ts"
import { executorLimits, type LimitedTask } from "./executor-limits.ts"

const amounts = (text: string): Resources => {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

const task = (resources: string, limits?: Readonly<Record<string, number>>): LimitedTask => ({
  resources: amounts(resources),
  ...(limits === undefined
    ? {}
    : {
        limits: Object.fromEntries(
          Object.entries(limits).map(([name, value]) => [name, { value }]),
        ),
      }),
})

const own = amounts("cpus:0.1;mem:32")
const limited = (tasks: readonly LimitedTask[], enableCfs = false) => {
  const limits = executorLimits(own, tasks, enableCfs)
  return (
    limits && Object.fromEntries(Object.entries(limits).map(([name, { value }]) => [name, value]))
  )
}

describe("the limits of an executor", () => {
  test("are none where no task has any", () => {
    expect(limited([])).toBeUndefined()
    expect(limited([task("cpus:1;mem:64")], true)).toBeUndefined()
  })

  test("are those of its tasks, and what it has itself", () => {
    const tasks = [task("cpus:1;mem:64", { cpus: 2, mem: 128 }), task("cpus:0.2", { cpus: 0.2 })]
    expect(limited(tasks)).toEqual({ cpus: 2.3, mem: 160 })
  })

  test("count the memory that tasks without a limit ask for", () => {
    expect(limited([task("mem:64", { mem: 128 }), task("mem:64")])).toEqual({ mem: 224 })
  })

  test("leave cpus alone where a task without a limit may use what others leave", () => {
    const tasks = [task("cpus:1", { cpus: 2 }), task("cpus:0.5")]
    expect(limited(tasks)).toBeUndefined()
    expect(limited(tasks, true)).toEqual({ cpus: 2.6 })
    expect(limited([task("cpus:1", { cpus: 2 }), task("mem:64")])).toEqual({ cpus: 2.1 })
  })

  test("are none where a task has an infinite one", () => {
    expect(limited([task("mem:64", { mem: Infinity }), task("mem:64")])).toEqual({ mem: Infinity })
  })
})
