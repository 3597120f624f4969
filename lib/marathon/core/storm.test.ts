import { expect, test } from "bun:test"
import { Random } from "#lib/std/random.ts"
import type { AppSpec } from "../model/index.ts"
import type { Command } from "./command.ts"
import { patch, pathId, put, remove, restart, testHealthCheck, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

const IDS = ["/a", "/b", "/g/c"]

/** One thing that a user does. */
function randomCommand(random: Random, wanted: Map<string, AppSpec>): Command {
  const id = random.pick(IDS)
  const spec = wanted.get(id)
  const force = true
  if (spec === undefined) {
    const fresh = testSpec({
      id: pathId(id),
      instances: random.below(4),
      healthChecks: random.chance(0.5) ? [testHealthCheck()] : [],
      upgradeStrategy: {
        minimumHealthCapacity: random.pick([0, 0.5, 1]),
        maximumOverCapacity: random.pick([0, 0.5, 1]),
      },
      unreachableStrategy: random.pick([
        { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
        { inactiveAfterSeconds: 5, expungeAfterSeconds: 50 },
      ]),
    })
    wanted.set(id, fresh)
    return put(fresh, force)
  }
  const kind = random.below(6)
  if (kind === 0) {
    wanted.delete(id)
    return remove(id)
  }
  if (kind === 1) return restart(id, force)
  if (kind === 2) {
    const target = { kind: "apps", appIds: [pathId(id)] } as const
    return { kind: "kill", target, scale: false, wipe: random.chance(0.5), force }
  }
  const change =
    kind === 3 ? { cmd: `sleep ${1000 + random.below(1000)}` } : { instances: random.below(5) }
  wanted.set(id, { ...spec, ...change })
  return patch(id, change, force)
}

/** What a new leader must know as well as the old one did. */
function facts(world: World): unknown {
  const { view } = world.machine
  return {
    root: view.rootVersions(),
    groups: [...view.groups()],
    deployments: view.deployments(),
    apps: [...view.apps()].map((app) => ({ app, versions: view.appVersions(app.id) })),
    failures: IDS.map((id) => view.lastTaskFailure(pathId(id))),
    delays: view.queue(world.now).map(({ app, launchAllowedAt, count }) => ({
      id: app.id,
      launchAllowedAt,
      count,
    })),
    instances: IDS.flatMap((id) => world.instances(id)).map(({ task, ...instance }) => ({
      ...instance,
      task: task?.id,
      health: task?.health.map((one) => one?.alive),
      kill: task?.killRequestedAt,
    })),
  }
}

function crash(world: World): void {
  const before: unknown = JSON.parse(JSON.stringify(facts(world)))
  world.crash()
  expect(JSON.parse(JSON.stringify(facts(world)))).toEqual(before)
}

/** One thing that goes wrong. */
function randomFault(random: Random, world: World): void {
  const alive = world.master.alive()
  const task = alive.length > 0 ? random.pick(alive).info.taskId : undefined
  switch (random.below(9)) {
    case 0:
      return crash(world)
    case 6:
      // A duplicate of the last update: the agent did not see its acknowledgement.
      if (task !== undefined)
        world.master.update(task, world.master.tasks.get(task)?.state ?? "TASK_GONE")
      return
    case 7:
      world.master.onKill = () => random.chance(0.3)
      return
    case 8:
      world.master.onLaunch = () => random.pick(["TASK_RUNNING", "TASK_FAILED", undefined])
      return
    case 1:
      return world.disconnect()
    case 2:
      if (task !== undefined) world.master.update(task, "TASK_FAILED")
      return
    case 3:
      if (task !== undefined) world.master.update(task, "TASK_UNREACHABLE")
      return
    case 4:
      if (task !== undefined) world.master.update(task, "TASK_RUNNING")
      return
    default:
      // Updates under way are lost with the stream; the agents repeat what was not acknowledged.
      world.master.disconnect()
      return world.disconnect()
  }
}

function weather(seed: number): void {
  const random = new Random(seed)
  const world = new World({ agents: [{ id: "a1" }, { id: "a2" }] })
  const wanted = new Map<string, AppSpec>()
  for (let round = 0; round < 30; round++) {
    const command = randomCommand(random, wanted)
    if (random.chance(0.3)) world.crashAtCommit = world.commits + 1 + random.below(5)
    world.send(command)
    world.run()
    // An answer lost in a crash makes the client ask again; what was done is not done twice.
    world.send(command)
    world.run()
    world.onProbe = () =>
      random.chance(0.1) ? undefined : { kind: "http", statusCode: random.chance(0.9) ? 200 : 500 }
    world.advance(random.below(8000))
    if (random.chance(0.7)) randomFault(random, world)
    world.advance(random.below(3000))
  }
  world.onProbe = () => ({ kind: "http", statusCode: 200 })
  world.master.onKill = () => true
  world.master.onLaunch = () => "TASK_RUNNING"
  for (const { info, state } of world.master.alive())
    if (state === "TASK_UNREACHABLE" || state === "TASK_STAGING")
      world.master.update(info.taskId, "TASK_RUNNING")
  world.advance(2_000_000)
  expect(world.machine.view.deployments()).toEqual([])
  expect([...world.machine.view.apps()].map(({ id }): string => id)).toEqual(
    [...wanted.keys()].sort(),
  )
  const known = new Set<string>()
  for (const [id, spec] of wanted) {
    expect(world.running(id)).toHaveLength(spec.instances)
    expect(world.instances(id)).toHaveLength(spec.instances)
    for (const instance of world.instances(id)) {
      const task = world.master.tasks.get(instance.task?.id ?? "")
      expect(task?.info.command?.value).toBe(spec.cmd)
      known.add(instance.task?.id ?? "")
    }
  }
  expect(new Set(world.master.alive().map(({ info }): string => info.taskId))).toEqual(known)
  expect(new Set(world.master.launched).size).toBe(world.master.launched.length)
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  "seed %d: after any weather every app is what was last asked for, and nothing else lives",
  weather,
)
