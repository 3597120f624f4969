import type { Command, MarathonView, Reply } from "#lib/marathon/index.ts"
import type { Random } from "#lib/std/random.ts"
import {
  appId,
  INSTANCES_MAX,
  patchApp,
  putApp,
  randomSpec,
  restartApp,
  TAG,
  type AppId,
  type Spec,
} from "./app.ts"
import type { Container } from "./containers.ts"
import type { Life } from "./life.ts"
import { note, randomMs, type World } from "./world.ts"

/** What a user was promised for an app: its definition, null that it is gone, or nothing certain. */
type Promised = Spec | null | "unsure"

/** What users see of Marathon, while it lives. */
export type MarathonAt = () =>
  | {
      readonly life: Life
      readonly driver: {
        readonly view: Pick<
          MarathonView,
          "app" | "connected" | "deployments" | "health" | "instances"
        >
        request(command: Command): Promise<Reply>
      }
    }
  | undefined

type View = NonNullable<ReturnType<MarathonAt>>["driver"]["view"]

type ChangeOptions = Pick<Extract<Command, { kind: "change" }>, "change" | "force"> & {
  /** Whether all instances are replaced; true unless told. */
  readonly replaces?: boolean | undefined
}

/**
 * Users of Marathon: they deploy, scale, update, restart, kill, roll back and delete at random, and
 * remember what Marathon accepted. An answer that never came leaves them unsure until the next one.
 */
export class MarathonWorkload {
  readonly #world: World
  readonly #marathon: MarathonAt
  readonly #random: Random
  readonly #ids: readonly AppId[]
  readonly #promised = new Map<AppId, Promised>()
  /** The newest request that an app was part of: what an earlier one is answered says nothing more. */
  readonly #newest = new Map<AppId, object>()
  /** Apps whose rollout was stopped midway by force: instances of the old version may stay. */
  readonly #halfway = new Set<AppId>()
  #forcedStops = 0
  #serial = 0
  /** The lives of Marathon that owe an answer, once for each request. */
  #asked: Life[] = []

  constructor(world: World, marathon: MarathonAt, apps: number) {
    this.#world = world
    this.#marathon = marathon
    this.#random = world.chance.fork()
    this.#ids = Array.from({ length: apps }, (_, index) => appId(index))
  }

  start(): void {
    const { schedule, swarm } = this.#world
    schedule.after(randomMs(this.#random, swarm.userMs), () => {
      if (!this.#world.faulty) return
      this.#act()
      this.start()
    })
  }

  /** Faults are over: each app that is not certain is put once more. */
  quiet(): void {
    for (const id of this.#ids) if (this.#promised.get(id) === "unsure") this.#put(id, true)
  }

  /** What keeps the apps from being at rest: empty once each is as promised and runs as wanted. */
  open(containers: Iterable<Container>): readonly string[] {
    const view = this.#marathon()?.driver.view
    if (view === undefined) return ["marathon is down"]
    if (!view.connected) return ["marathon is not subscribed"]
    const open = view.deployments().map(({ id }) => `deployment ${id} is not done`)
    const running = [...containers].filter((container) => container.running)
    for (const id of this.#ids) open.push(...this.#openOf(view, id, running))
    return open
  }

  #openOf(view: View, id: AppId, running: readonly Container[]): readonly string[] {
    const open: string[] = []
    const app = view.app(id)
    const promised = this.#promised.get(id)
    if (promised === "unsure") return [`${id} is not certain`]
    if (promised === null && app !== undefined) open.push(`${id} was deleted and is there`)
    if (promised !== undefined && promised !== null) {
      if (app === undefined) return [`${id} was accepted and is gone`]
      if (app.instances !== promised.instances || app.env[TAG] !== promised.env[TAG])
        open.push(`${id} is not what was accepted`)
    }
    const prefix = `${id.slice(1)}.`
    const mine = running.filter(({ spec }) => spec.task.taskId.startsWith(prefix))
    const wanted = app?.instances ?? 0
    if (mine.length !== wanted) open.push(`${id} runs ${mine.length} times, not ${wanted}`)
    for (const { spec } of mine)
      if (spec.environment[TAG] !== app?.env[TAG] && !this.#halfway.has(id))
        open.push(`${spec.task.taskId} is of version ${spec.environment[TAG]}`)
    for (const instance of view.instances(id)) {
      if (instance.condition !== "Running") open.push(`${instance.id} is ${instance.condition}`)
      const checked = (app?.healthChecks.length ?? 0) > 0
      if (checked && view.health(instance) !== true) open.push(`${instance.id} is not healthy`)
    }
    return open
  }

  #act(): void {
    const random = this.#random
    const id = random.pick(this.#ids)
    const promised = this.#promised.get(id)
    const view = this.#marathon()?.driver.view
    if (promised === undefined || promised === null) return this.#put(id, random.chance(0.3))
    const force = random.chance(0.4)
    switch (random.below(8)) {
      case 0:
        return this.#change(id, null, { change: putApp(id, null), force })
      case 1:
      case 2: {
        const change = { instances: random.below(INSTANCES_MAX + 1) }
        return this.#patch(id, change, force)
      }
      case 3:
        return this.#patch(id, { env: { [TAG]: String(++this.#serial) } }, force)
      case 4:
        return this.#change(id, promised, { change: restartApp(id), force })
      case 5: {
        const target = { kind: "apps", appIds: [id] } as const
        return this.#kill(id, { kind: "kill", target, scale: false, wipe: force, force: false })
      }
      case 6: {
        const taskIds = (view?.instances(id) ?? []).slice(0, 2).map(({ task }) => task?.id ?? "")
        const target = { kind: "tasks", taskIds } as const
        return this.#kill(id, { kind: "kill", target, scale: force, wipe: false, force: false })
      }
      default: {
        const deploymentId = view?.deployments()[0]?.id
        return deploymentId === undefined ? undefined : this.#cancel(deploymentId, force)
      }
    }
  }

  #put(id: AppId, force: boolean): void {
    const spec = randomSpec(this.#random, id, ++this.#serial)
    this.#change(id, spec, { change: putApp(id, spec), force })
  }

  #patch(id: AppId, change: Partial<Spec>, force: boolean): void {
    const promised = this.#promised.get(id)
    const next =
      typeof promised === "object" && promised !== null ? { ...promised, ...change } : "unsure"
    const replaces = change.env !== undefined
    this.#change(id, next, { change: patchApp(id, change), force, replaces })
  }

  /** Changes an app: once that is accepted, `next` is what must come of it. */
  #change(id: AppId, next: Promised, { change, force, replaces = true }: ChangeOptions): void {
    const before = this.#promised.get(id)
    const stillNewest = this.#unsure(id)
    const stops = this.#forcedStops
    const groupId = "/" as AppId
    const what = typeof next === "object" && next !== null ? describe(next) : next
    note(this.#world, "user", `wants ${id}: ${what} (force ${force})`)
    this.#request({ kind: "change", change, force, groupId }, (reply) => {
      if (!stillNewest()) return
      if (reply.ok) {
        this.#promised.set(id, next)
        if (replaces && stops === this.#forcedStops) this.#halfway.delete(id)
      } else if (before === undefined) this.#promised.delete(id)
      else this.#promised.set(id, before)
    })
  }

  /** Nothing is certain of an app until it is answered; says whether nothing else was asked since. */
  #unsure(id: AppId): () => boolean {
    const request = {}
    this.#promised.set(id, "unsure")
    this.#newest.set(id, request)
    return () => this.#newest.get(id) === request
  }

  #kill(id: AppId, command: Extract<Command, { kind: "kill" }>): void {
    if (!command.scale) return this.#request(command, () => {})
    const before = this.#promised.get(id)
    const stillNewest = this.#unsure(id)
    return this.#request(command, (reply) => {
      if (!reply.ok && before !== undefined && stillNewest()) this.#promised.set(id, before)
    })
  }

  /**
   * A rollback brings back what was before, and more than one app may change with it. By force, what
   * was begun is left as it is.
   */
  #cancel(deploymentId: string, force: boolean): void {
    if (force) this.#forcedStops++
    for (const id of this.#ids)
      if (force) this.#halfway.add(id)
      else this.#unsure(id)
    this.#request({ kind: "cancelDeployment", deploymentId, force }, () => {})
  }

  #request(command: Command, then: (reply: Reply) => void): void {
    const at = this.#marathon()
    if (at === undefined) return
    const { marks } = this.#world
    if (command.kind === "cancelDeployment" && !command.force) marks.hit("user.rollback")
    if (command.kind !== "change") note(this.#world, "user", JSON.stringify(command))
    // Most of what a dying process was asked is never answered at all.
    for (const life of this.#asked) if (life.over) marks.hit("user.unanswered")
    this.#asked = this.#asked.filter((life) => !life.over)
    this.#asked.push(at.life)
    void at.driver.request(command).then((reply) => {
      // An answer that a dying process gives reaches nobody.
      if (at.life.over || (!reply.ok && reply.error.code === "unavailable")) return
      this.#asked.splice(this.#asked.indexOf(at.life), 1)
      marks.hit(reply.ok ? "user.accepted" : "user.refused")
      note(
        this.#world,
        "user",
        reply.ok ? `accepted: ${reply.value.kind}` : `refused: ${reply.error.code}`,
      )
      then(reply)
    })
  }
}

const describe = ({ instances, env }: Spec): string =>
  `${instances} of version ${JSON.stringify(env[TAG])}`
