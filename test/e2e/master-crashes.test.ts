/**
 * The master is killed in the middle of whatever it does, again and again; what clients were told
 * must be there afterwards, and nothing else.
 */
import { expect, test } from "bun:test"
import { AgentMatter } from "../fixtures/crashes/agents.ts"
import { must } from "#lib/std/assert.ts"
import { crashLoop } from "../fixtures/crashes/crash-loop.ts"
import { FrameworkMatter } from "../fixtures/crashes/frameworks.ts"
import { MachineMatter } from "../fixtures/crashes/machines.ts"
import { Operator } from "../fixtures/crashes/operator.ts"
import { QuotaMatter } from "../fixtures/crashes/quotas.ts"
import { WeightMatter } from "../fixtures/crashes/weights.ts"
import type { MasterDaemon } from "../fixtures/daemons.ts"
import { testWorlds } from "../fixtures/world.ts"

/** Of a master alone, and of one with agents, which take a moment to come back. */
const KILLS = 60
const KILLS_WITH_AGENTS = 24

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

test("what is known of agents outlives a master that is killed", async () => {
  const world = open()
  let master: MasterDaemon | undefined
  const operator = new Operator(() => master?.mesosUrl ?? "")
  const places = await Promise.all(
    ["a", "b", "c"].map((name) => world.place(name, ["--registration-backoff-factor", "20ms"])),
  )
  const agents = new AgentMatter({ world, operator, master: () => must(master, "it runs") }, places)
  await crashLoop({
    name: "agents",
    kills: KILLS_WITH_AGENTS,
    // An agent starts in about as long: the kill may come before, while and after it is admitted.
    delayMaxMs: 200,
    matters: [agents],
    start: async () => {
      master = await world.master(master === undefined ? {} : { ports: master.ports })
    },
    kill: async () => {
      await master?.end("SIGKILL")
    },
  })
  console.log(`agents admitted: ${agents.admitted}`)
  expect(agents.admitted).toBeGreaterThan(places.length)
}, 90_000)
