import { expect, test } from "bun:test"
import { Marathon } from "../fixtures/marathon.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

const CLIENTS = 4

/** How old the list of backends may be that a client picks from, in milliseconds. */
const LIST_AGE_MS = 100

type Load = { readonly pages: Map<string, number>; readonly failures: string[] }

/** Clients that fetch the page through instances called healthy, until they are stopped. */
function startLoad(marathon: Marathon): Load & { stop(): Promise<void> } {
  const load: Load = { pages: new Map(), failures: [] }
  const end = new AbortController()
  let backends: readonly string[] = []
  const watch = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const tasks = await marathon.healthyTasks("/helloworld")
      backends = tasks.map(({ host, ports }) => `http://${host}:${ports[0]}/`)
      if (backends.length === 0) load.failures.push("no instance is healthy")
      await Bun.sleep(LIST_AGE_MS)
    }
  }
  const client = async (number: number): Promise<void> => {
    for (let turn = number; !end.signal.aborted; turn++) {
      const url = backends[turn % backends.length]
      if (url !== undefined) await fetchPage(url, load)
      await Bun.sleep(5)
    }
  }
  const workers = [watch(), ...Array.from({ length: CLIENTS }, (_, index) => client(index))]
  return {
    ...load,
    stop: async () => {
      end.abort()
      await Promise.all(workers)
    },
  }
}

async function fetchPage(url: string, { pages, failures }: Load): Promise<void> {
  try {
    const answer = await fetch(url, {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(5_000),
    })
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
    const { message } = (await answer.json()) as { message: string }
    pages.set(message, (pages.get(message) ?? 0) + 1)
  } catch (cause) {
    failures.push(`${url}: ${String(cause)}`)
  }
}

test("a rolling update under load fails no request", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  const marathon = new Marathon(cluster.marathonUrl)
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  await dcos.ok("package install helloworld --yes")
  await marathon.settled("/helloworld")
  await dcos.ok("marathon app update helloworld instances=3")
  const before = await marathon.settled("/helloworld")

  const load = startLoad(marathon)
  await waitFor("pages of the old version", () => (load.pages.get("Hello, world") ?? 0) > 50)
  await dcos.ok('marathon app update helloworld env={"HELLO_MESSAGE":"New"}')
  const after = await marathon.settled("/helloworld", 90_000)
  const atEnd = load.pages.get("New") ?? 0
  await waitFor("pages of the new version", () => (load.pages.get("New") ?? 0) > atEnd + 50)
  await load.stop()

  expect(load.failures).toEqual([])
  expect([...load.pages.keys()].sort()).toEqual(["Hello, world", "New"])
  expect(after).toHaveLength(3)
  const old = new Set(before.map(({ id }) => id))
  expect(after.filter(({ id }) => old.has(id))).toEqual([])
})
