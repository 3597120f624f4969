import type { MasterView } from "#lib/master/index.ts"
import { renderResources } from "#lib/mesos/index.ts"
import type { Violation } from "./monitor.ts"
import { Rig } from "./rig.ts"
import type { CrashPlan, Seams } from "./world.ts"

/** A cluster at rest stays so for this long. */
const REST_MS = 3_000

/** Something that a script asks for. */
export type Step = {
  readonly name: string
  /** Asks; the status of the answer, or undefined when none came: then it may have been done or not. */
  readonly ask: (rig: Rig) => Promise<number | undefined>
}

/** Steps that change something persisted, one after another. */
export type Script = {
  readonly name: string
  readonly nodes: number
  readonly steps: readonly Step[]
}

/** Where a process dies: at its n-th commit since the first start of the cluster, from 1. */
export type Boundary = {
  readonly process: string
  readonly commit: number
  readonly side: "crash.beforeCommit" | "crash.afterCommit"
}

/** What a script comes to when nothing dies: after each step its answer, and what the cluster is. */
export type Course = {
  readonly initial: string
  readonly outcomes: readonly { readonly status: number; readonly picture: string }[]
  /** Commits of each process, by its name. */
  readonly commits: ReadonlyMap<string, number>
}

/** What rigs of these tests have in common. */
export type BoundaryOptions = {
  readonly settle: () => void
  readonly seams?: Seams | undefined
}

/** What a run broke, and the end of its trace. */
export type BoundaryFailure = Violation & { readonly tail: readonly string[] }

/** Runs a script with nothing in its way, and says what it comes to. Throws if it breaks a rule. */
export function recordCourse(script: Script, options: BoundaryOptions): Course {
  const commits = new Map<string, number>()
  const crashPlan: CrashPlan = (process, mark) => {
    if (mark === "crash.beforeCommit") commits.set(process, (commits.get(process) ?? 0) + 1)
    return false
  }
  const rig = new Rig({ nodes: script.nodes, crashPlan, ...options })
  let initial = ""
  const outcomes: Course["outcomes"][number][] = []
  rig.run(async () => {
    initial = await pictureAtRest(rig)
    for (const { name, ask } of script.steps) {
      const status = await ask(rig)
      if (status === undefined) return rig.broken("every step is answered", name)
      outcomes.push({ status, picture: await pictureAtRest(rig) })
    }
    return undefined
  })
  if (rig.violation !== undefined)
    throw new Error([...rig.tail, `${rig.violation.invariant}: ${rig.violation.detail}`].join("\n"))
  return { initial, outcomes, commits }
}

/** Both sides of every commit of a course. */
export const boundariesOf = ({ commits }: Course): readonly Boundary[] =>
  [...commits].flatMap(([process, count]) =>
    Array.from({ length: count }, (_, index) => index + 1).flatMap((commit) =>
      (["crash.beforeCommit", "crash.afterCommit"] as const).map((side) => ({
        process,
        commit,
        side,
      })),
    ),
  )

/**
 * Runs the script again, with one process dying at the boundary. After it has come back, what was
 * answered must be as it was answered, accepted or refused; what was not answered is done or not done
 * as a whole, and asked once more it goes as it went before. In the end all processes start anew.
 */
export function runAcross(
  script: Script,
  { course, boundary, ...options }: BoundaryOptions & { course: Course; boundary: Boundary },
): BoundaryFailure | undefined {
  const rig = new Rig({ nodes: script.nodes, crashPlan: planFor(boundary), ...options })
  rig.run(async () => {
    let before = course.initial
    await expectPicture(rig, "the start", [before])
    for (const [index, { name, ask }] of script.steps.entries()) {
      const outcome = course.outcomes[index]
      if (outcome === undefined) return
      const { picture, status } = outcome
      let answer = await ask(rig)
      let now = await expectPicture(rig, name, answer === undefined ? [before, picture] : [picture])
      if (answer === undefined && now === before) {
        answer = await ask(rig)
        now = await expectPicture(rig, `${name}, once more`, [picture])
      }
      if (answer !== undefined && answer !== status)
        rig.broken("answers are as ever", `${name}: ${answer}, not ${status}`)
      before = picture
    }
    rig.restart()
    await expectPicture(rig, "a restart of everything", [before])
  })
  return rig.violation === undefined ? undefined : { ...rig.violation, tail: rig.tail }
}

function planFor({ process, commit, side }: Boundary): CrashPlan {
  let commits = 0
  return (name, mark) => {
    if (name !== process) return false
    if (mark === "crash.beforeCommit") commits++
    return commits === commit && mark === side
  }
}

async function expectPicture(rig: Rig, after: string, wanted: readonly string[]): Promise<string> {
  const picture = await pictureAtRest(rig)
  if (!wanted.includes(picture))
    rig.broken(
      "what was answered is there, and nothing half done",
      `after ${after}:\n  ${picture}\nnot\n  ${wanted.join("\nor\n  ")}`,
    )
  return picture
}

async function pictureAtRest(rig: Rig): Promise<string> {
  for (;;) {
    await rig.until("all is at rest", () => isAtRest(rig))
    const picture = pictureOf(rig)
    await rig.pause(REST_MS)
    if (isAtRest(rig) && pictureOf(rig) === picture) return picture
  }
}

/** Nothing is under way: everybody is there who may be, and each change has reached its end. */
function isAtRest(rig: Rig): boolean {
  const view = rig.master.at()?.driver.view
  if (view === undefined || !rig.client.settled || view.operations.size > 0) return false
  const agents = [...view.agents.values()]
  if (agents.some(({ drain }) => drain?.state === "DRAINING")) return false
  return rig.nodes.every((node) => {
    if (isDown(view, node.name))
      return [...node.containers.all].every((container) => !container.running)
    const agent = node.driver?.agent
    const registered = agents.find(({ info }) => info.hostname === node.name)
    if (agent === undefined) return !node.started
    return (
      registered?.connected === true &&
      agent.registered &&
      agent.agentId === registered.id &&
      agent.streams.size === 0 &&
      agent.resources.operations.length === 0
    )
  })
}

const isDown = ({ maintenance }: MasterView, hostname: string): boolean =>
  [...maintenance.machines.values()].some(
    ({ id, mode }) => mode === "DOWN" && id.hostname === hostname,
  )

/** All that must outlast crashes, as text, without what differs from life to life such as ids. */
function pictureOf({ master, nodes, client }: Rig): string {
  const view = master.at()?.driver.view
  if (view === undefined) return "no master"
  const { maintenance } = view
  const agents = nodes.map(({ name, containers, driver }) => {
    const agent = [...view.agents.values()].find(({ info }) => info.hostname === name)
    const running = [...containers.all].filter((container) => container.running).length
    const drained = `${agent?.drain?.state ?? "not drained"}, ${agent?.drain?.config.markGone}`
    return [
      `${name}: ${agent === undefined ? "away" : "registered"}`,
      `deactivated ${agent?.deactivated}, ${drained}, on the agent ${driver?.agent.drain.current !== undefined}`,
      `has ${renderResources(agent?.total ?? [])}`,
      `runs ${running}, believed ${agent?.tasks.size}`,
    ].join(", ")
  })
  const gone = [...view.goneAgents.values()].map(({ info }) => info.hostname)
  // A framework that nobody was told of has left nothing behind but its name.
  const frameworks = [...view.frameworks.values()]
    .filter(({ id }) => client.told.has(id))
    .map(({ info, roles }) => `${info.name} in ${roles.join(", ")}`)
  return [
    ...[...view.quotas]
      .map(
        ([role, { guarantees, limits }]) =>
          `quota ${role}: ${JSON.stringify([[...guarantees], [...limits]])}`,
      )
      .sort(),
    ...[...view.weights].map(([role, weight]) => `weight ${role}: ${weight}`).sort(),
    `schedule: ${JSON.stringify(maintenance.schedule.windows ?? [])}`,
    `machines: ${[...maintenance.machines.values()].map(({ id, mode }) => `${id.hostname} ${mode}`).join(", ")}`,
    ...agents,
    `gone: ${gone.sort().join(", ")}`,
    `frameworks: ${frameworks.sort().join("; ")}`,
    `tasks: ${client.taskStates.join(", ")}`,
    `refused: ${client.refusal}`,
  ].join("\n  ")
}
