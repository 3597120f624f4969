import { createAgentApi } from "#lib/agent/index.ts"
import { TestWorld, testOptions } from "#lib/agent/core/test-world.ts"
import { testCalls } from "#lib/agent/test-calls.ts"
import { testExecutors } from "#lib/agent/test-executors.ts"
import { err, ok } from "#lib/std/result.ts"
import { resources } from "./master-view.ts"

/** The API of a registered agent that runs nothing; asks it for a path. */
export function agentApi(): (path: string, init?: RequestInit) => Promise<Response> {
  const info = { hostname: "a1", port: 5051, resources: resources("cpus:8;mem:1024") }
  const world = new TestWorld(testOptions({ info })).register()
  const missing = () => Promise.resolve(err({ code: "notFound", message: "" } as const))
  const api = createAgentApi({
    driver: {
      agent: world.agent,
      recoverySeconds: 0.5,
      fetches: { succeeded: 0, failed: 0 },
      executors: testExecutors(world),
      calls: testCalls(world).calls,
      statistics: () => Promise.resolve({ timestamp: 5 }),
    },
    sandboxes: {
      stat: missing,
      list: () => Promise.resolve(ok([])),
      read: missing,
      download: missing,
    },
    log: { enabled: () => false, write: () => {} },
    clock: { now: () => world.now, wakeAt: () => () => {}, soon: () => {} },
    build: { version: "1.12.0", buildUser: "ci", buildTime: 5 },
    flags: { port: "5051", attributes: "rack:r7;".repeat(200) },
    startedAt: world.now,
    systemMetrics: () => ({ "system/load_1min": 0.5, "system/cpus_total": 8 }),
  })
  return (path, init) => Promise.resolve(api.fetch(new Request(`http://a1:5051${path}`, init)))
}
