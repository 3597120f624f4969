import { expect, test } from "bun:test"
import { createMarathonHttp, DEFAULT_OPTIONS } from "#lib/marathon/index.ts"
import { MemoryStore } from "#lib/runtime/index.ts"
import { systemClock } from "#lib/io/index.ts"
import { MarathonHost } from "./marathon-host.ts"

const log = { enabled: () => false, write: () => {} }

test("a Marathon that steps down is followed by one that knows the same apps", async () => {
  const store = new MemoryStore()
  let connections = 0
  const host = await MarathonHost.start(() => {
    connections++
    return {
      marathon: { ...DEFAULT_OPTIONS, seed: connections },
      store,
      clock: { ...systemClock, wakeAt: (_at, wake) => systemClock.wakeAt(0, wake) },
      log,
      prober: { probe: async () => ({ kind: "tcp" }) },
      connect: () => ({
        subscribe: () => {},
        call: async () => ({ status: 202 }),
        close: () => {},
      }),
      onFatal: (cause) => {
        throw cause
      },
    }
  })
  const api = createMarathonHttp({
    marathon: host.port,
    clock: systemClock,
    log,
    info: { version: "1.11.0", leaderUrl: "http://m1:8080" },
    isLeader: () => host.leads,
    abdicate: () => host.abdicate(),
  })
  const ask = (path: string, method = "GET", body?: string): Promise<Response> =>
    api(new Request(`http://m1${path}`, { method, ...(body === undefined ? {} : { body }) }))
  const app = '{"id":"/a","cmd":"sleep 1","instances":0}'
  expect((await ask("/v2/apps", "POST", app)).status).toBe(201)
  expect((await ask("/v2/leader", "DELETE")).status).toBe(200)
  while (!host.leads) await new Promise((resolve) => setImmediate(resolve))
  expect((await ask("/v2/apps", "POST", '{"id":"/b","cmd":"sleep 1","instances":0}')).status).toBe(
    201,
  )
  const { apps } = (await (await ask("/v2/apps")).json()) as { apps: readonly { id: string }[] }
  expect(apps.map(({ id }) => id)).toEqual(["/a", "/b"])
  expect(connections).toBe(2)
  await host.stop()
})
