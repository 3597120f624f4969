/**
 * The master is killed in the middle of whatever it does, again and again; what clients were told
 * must be there afterwards, and nothing else.
 */
import { test } from "bun:test"
import { crashLoop } from "../fixtures/crashes/crash-loop.ts"
import { FrameworkMatter } from "../fixtures/crashes/frameworks.ts"
import { MachineMatter } from "../fixtures/crashes/machines.ts"
import { Operator } from "../fixtures/crashes/operator.ts"
import { QuotaMatter } from "../fixtures/crashes/quotas.ts"
import { WeightMatter } from "../fixtures/crashes/weights.ts"
import type { MasterDaemon } from "../fixtures/daemons.ts"
import { testWorlds } from "../fixtures/world.ts"

const KILLS = 60

const open = testWorlds()

test("quota, weights, maintenance and frameworks outlive a master that is killed", async () => {
  const world = open()
  let master: MasterDaemon | undefined
  const operator = new Operator(() => master?.mesosUrl ?? "")
  await crashLoop({
    name: "settings",
    kills: KILLS,
    matters: [
      new QuotaMatter(operator),
      new WeightMatter(operator),
      new MachineMatter(operator),
      new FrameworkMatter(operator),
    ],
    start: async () => {
      master = await world.master(master === undefined ? {} : { ports: master.ports })
    },
    kill: async () => {
      await master?.end("SIGKILL")
    },
  })
}, 90_000)
