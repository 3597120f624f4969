import { expect, test } from "bun:test"
import { rangesResource } from "#lib/mesos/index.ts"
import type { Clock, ContainerId, ContainerRuntime, ContainerSpec } from "#lib/ports/index.ts"
import type { AgentInput } from "./core/types.ts"
import { PortWatch, type PortWatchOptions } from "./port-watch.ts"

const spec = (id: string) => ({ containerId: id, runtime: "process" }) as ContainerSpec

/** A watch over two executors: "a" with one container and a port, "b" with two and none. */
function scene(
  ports: Readonly<Record<string, readonly number[]>>,
  more?: Partial<PortWatchOptions>,
) {
  const posted: AgentInput[] = []
  const logged: string[] = []
  const wakes: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    wakeAt: (_at, run) => {
      wakes.push(run)
      return () => void wakes.splice(wakes.indexOf(run), 1)
    },
    soon: () => {},
  }
  const listeningPorts = ({ containerId }: ContainerSpec) =>
    ports[containerId] === undefined
      ? Promise.reject(new Error("no /proc"))
      : Promise.resolve(ports[containerId])
  const watch = new PortWatch({
    runtimes: [
      { name: "process", listeningPorts } as Partial<ContainerRuntime> as ContainerRuntime,
    ],
    portWatch: { intervalMs: 1, enforce: true, ...more },
    clock,
    log: { enabled: () => true, write: (_level, text) => void logged.push(text) },
    containers: () => [
      {
        containerId: "a" as ContainerId,
        specs: [spec("a")],
        resources: [rangesResource("ports", [{ begin: 31000, end: 31001 }])],
      },
      { containerId: "b" as ContainerId, specs: [spec("b.1"), spec("b.2")], resources: [] },
    ],
    post: (input) => posted.push(input),
  })
  watch.start()
  const round = async (): Promise<void> => {
    wakes.shift()?.()
    for (let turn = 0; turn < 100 && wakes.length === 0; turn++) await Promise.resolve()
  }
  return { watch, round, posted, logged, wakes }
}

const B = "Container b is listening on unallocated port(s): [80-81, 443-443]"

test("ends all of an executor that listens on ports it has not got", async () => {
  const { watch, round, posted, wakes } = scene({ a: [31001], "b.1": [80, 443], "b.2": [81] })
  await round()
  expect(posted).toEqual(
    ["b.1", "b.2"].map((id) => ({
      kind: "limitReached",
      containerId: id as ContainerId,
      limitation: {
        reason: "REASON_CONTAINER_LIMITATION",
        message: B,
        resources: [
          rangesResource("ports", [
            { begin: 80, end: 81 },
            { begin: 443, end: 443 },
          ]),
        ],
      },
    })),
  )
  watch.stop()
  expect(wakes).toEqual([])
})

test("tells of it once, and ends nobody, unless that is wanted", async () => {
  const { round, posted, logged } = scene(
    { a: [31001], "b.1": [80, 443], "b.2": [81] },
    { enforce: false },
  )
  await round()
  await round()
  expect(posted).toEqual([])
  expect(logged).toEqual([B])
})

test("looks at some ports only where it is told to", async () => {
  const range = [{ begin: 400, end: 500 }]
  const { round, posted } = scene({ a: [80], "b.1": [80, 443], "b.2": [] }, { range })
  await round()
  expect(posted).toMatchObject([
    {
      containerId: "b.1" as ContainerId,
      limitation: { message: "Container b is listening on unallocated port(s): [443-443]" },
    },
    { containerId: "b.2" as ContainerId },
  ])
})

test("a container that cannot be looked at hides no other", async () => {
  const { round, posted, logged } = scene({ "b.1": [80], "b.2": [] })
  await round()
  expect(logged[0]).toBe("cannot look at the ports of a container")
  expect(posted).toHaveLength(2)
})
