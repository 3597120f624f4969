import { drainMicrotasks } from "bun:jsc"
import { expect, test } from "bun:test"
import type { Change, Command, MarathonView, Reply } from "#lib/marathon/index.ts"
import { Random } from "#lib/std/random.ts"
import { err, ok } from "#lib/std/result.ts"
import type { AppId, Spec } from "./app.ts"
import { Life } from "./life.ts"
import { MarathonWorkload } from "./marathon-workload.ts"
import { testWorld } from "./test-world.ts"
import type { World } from "./world.ts"

/** How long a deployment of the obedient Marathon takes. */
const DEPLOYMENT_MS = 4_000

type Apps = ReadonlyMap<AppId, Spec>

/** A Marathon that does at once what it is asked, and answers in order but late. */
function obedientMarathon(world: World, random: Random) {
  const life = new Life("marathon", world.schedule, { offsetMs: 0, rate: 1 })
  let apps: Apps = new Map()
  const deployments = new Map<string, Apps>()
  let serial = 0
  let answerAt = 0

  function deploy(next: Apps): Reply {
    const deploymentId = `d${++serial}`
    deployments.set(deploymentId, apps)
    apps = next
    life.after(DEPLOYMENT_MS, () => deployments.delete(deploymentId))
    return ok({ kind: "deployment", version: "" as never, deploymentId })
  }

  function change(ask: Change): Reply {
    const changed = ask({ app: (id: AppId) => apps.get(id) } as Parameters<Change>[0])
    if (!changed.ok) return err({ code: "rejected", rejection: changed.error })
    const next = new Map(apps)
    for (const [id, spec] of changed.value.apps ?? [])
      if (spec === null) next.delete(id)
      else next.set(id, spec)
    return deploy(next)
  }

  function carryOut(command: Command): Reply {
    if (command.kind === "change") return change(command.change)
    if (command.kind !== "cancelDeployment" || command.force) return ok({ kind: "done" })
    const before = deployments.get(command.deploymentId)
    deployments.delete(command.deploymentId)
    return before === undefined
      ? err({ code: "unknownDeployment", deploymentId: command.deploymentId })
      : deploy(before)
  }

  const view = {
    connected: true,
    deployments: () => [...deployments.keys()].map((id) => ({ id })),
    app: (id: AppId) => apps.get(id),
    instances: () => [],
    health: () => undefined,
  } as unknown as MarathonView

  function request(command: Command): Promise<Reply> {
    const reply = carryOut(command)
    answerAt = Math.max(answerAt, world.schedule.now + random.below(3_000))
    return life.later(answerAt - world.schedule.now, () => reply)
  }
  return { life, driver: { view, request } }
}

const settle = (world: World, until: number): void => {
  while (world.schedule.step(until)) drainMicrotasks()
}

test("what was asked for before a rollback, and answered after it, is not taken for certain", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const world = testWorld({ userMs: 1_000 }, seed)
    const marathon = obedientMarathon(world, new Random(seed))
    const users = new MarathonWorkload(world, () => marathon, 2)
    users.start()
    settle(world, 30_000)
    // Nobody does anything more, but what is not certain is put again.
    world.faulty = false
    settle(world, 60_000)
    users.quiet()
    settle(world, 90_000)
    const wrong = users.open([]).filter((text) => !text.includes(" runs 0 times"))
    expect(`seed ${seed}: ${wrong.join("; ")}`).toBe(`seed ${seed}: `)
  }
})
