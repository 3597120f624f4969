import { expect, test } from "bun:test"
import type { ContainerId, ContainerRuntime } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import { ContainerActions } from "./container-actions.ts"

/** A runtime that says whether it is there and what its orphans are, as the test wants it. */
function scene({ present }: { readonly present: boolean }) {
  const wakes: { at: number; wake: () => void }[] = []
  const state = { now: 0, present, fails: true }
  const asked: number[] = []
  const removed: string[] = []
  const runtime = {
    name: "docker",
    available: () => Promise.resolve(state.present ? ok(undefined) : err("no daemon")),
    onExit: () => {},
    removeOrphans: () => {
      asked.push(state.now)
      return state.fails
        ? Promise.reject(new Error("no daemon"))
        : Promise.resolve(["c" as ContainerId])
    },
  } as unknown as ContainerRuntime
  const actions = new ContainerActions({
    runtimes: [runtime],
    available: new Set(present ? ["docker"] : []),
    clock: {
      now: () => state.now,
      wakeAt: (at: number, wake: () => void) => {
        const entry = { at, wake }
        wakes.push(entry)
        return () => void wakes.splice(wakes.indexOf(entry), 1)
      },
      soon: () => {},
    },
    log: {
      enabled: () => true,
      write: (_level: string, _text: string, fields?: { readonly container?: string }) =>
        void removed.push(`${fields?.container}`),
    },
    volumes: { recover: () => Promise.resolve() },
    post: () => {},
  } as unknown as ConstructorParameters<typeof ContainerActions>[0])
  /** Lets what has been promised come true, then so many milliseconds pass. */
  const pass = async (ms: number): Promise<void> => {
    for (const until = state.now + ms; ;) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
      const next = wakes.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
      state.now = next?.at ?? until
      if (next === undefined) return
      wakes.splice(wakes.indexOf(next), 1)
      next.wake()
    }
  }
  return { actions, state, asked, removed, pass }
}

test("orphans that could not be told are asked for again until they are", async () => {
  const { actions, state, asked, removed, pass } = scene({ present: true })
  actions.removeOrphans([])
  await pass(10_000)
  expect(asked).toEqual([0, 5_000, 10_000])
  state.fails = false
  await pass(60_000)
  expect(asked).toEqual([0, 5_000, 10_000, 15_000])
  expect(removed.at(-1)).toBe("c")
})

test("orphans of a runtime that was not there at first are asked for once it is", async () => {
  const { actions, state, asked, pass } = scene({ present: false })
  state.fails = false
  actions.removeOrphans([])
  await pass(100_000)
  expect(asked).toEqual([])
  state.present = true
  await pass(100_000)
  expect(asked).toEqual([120_000])
})

test("nobody is asked any more once the agent stops", async () => {
  const { actions, asked, pass } = scene({ present: true })
  actions.removeOrphans([])
  await pass(1_000)
  actions.stop()
  await pass(60_000)
  expect(asked).toEqual([0])
})
