/**
 * An agent is killed right before each step of a launch: each system call that changes anything outside
 * of it. `DCOS_CRASH_STEPS=life` goes on to the steps of the task's end.
 */
import { expect } from "bun:test"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { busyboxImage, loadBusyboxImage, rootFileSystem } from "../fixtures/busybox-image.ts"
import { AgentTrace, tracing } from "../fixtures/crashes/agent-trace.ts"
import type { Daemon, MasterDaemon } from "../fixtures/daemons.ts"
import { HttpFramework, type Status } from "../fixtures/http-framework.ts"
import { leaksOf } from "../fixtures/leaks.ts"
import { Registry } from "../fixtures/registry.ts"
import { command, docker, rootUser, testWith, type Part } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type AgentPlace, type World } from "../fixtures/world.ts"

const open = testWorlds()

const WHOLE_LIFE = process.env["DCOS_CRASH_STEPS"] === "life"

/** Clusters that share the work: an agent spends most of it waiting. */
const CLUSTERS = 2

/**
 * What goes on at the same time may come in any order, so that not every launch has every step: those
 * count that so many launches had, and each is tried so often to hit it.
 */
const LIVES = 4
const TRIES = 8

/** The shortest launch, that of Docker, has more. */
const STEPS_MIN = 15

/** After so long without a step there will be none, in milliseconds. */
const QUIET_MS = 250

/** What makes the container of a task, and what all tasks need. */
type Maker = {
  container(task: string): object | undefined | Promise<object>
  end?(): Promise<void>
}

type Containerizer = {
  readonly name: string
  readonly parts: readonly Part[]
  /** The steps that no other containerizer has; all where it is absent. */
  readonly own?: RegExp
  readonly prepare: (world: World) => Maker | Promise<Maker>
}

const runc = [rootUser, command("runc"), command("conmon")]

const containerizers: readonly Containerizer[] = [
  { name: "process", parts: [rootUser], prepare: () => ({ container: () => undefined }) },
  { name: "runc", parts: runc, prepare: () => ({ container: () => ({ type: "MESOS" }) }) },
  {
    name: "runc with an image",
    parts: [...runc, command("docker-registry"), command("busybox")],
    own: /store|provisioner|layers|GET|config.json|spawn/,
    prepare: makeImages,
  },
  {
    name: "Docker",
    parts: [await docker(), command("busybox")],
    prepare: async (world) => {
      await loadBusyboxImage()
      const container = {
        type: "DOCKER",
        docker: { image: busyboxImage, network: "HOST" },
        volumes: [sharedFolder(world)],
      }
      return { container: () => container }
    },
  },
]

/** An image of its own for each task, of which one layer is new to the agent. */
async function makeImages(world: World): Promise<Maker> {
  const registry = await Registry.start(`${world.path}/registry`)
  const base = { tar: new Uint8Array(await rootFileSystem()) }
  return {
    end: () => registry.end(),
    container: async (task) => {
      const name = `app:${task}`
      await registry.push(name, { layers: [base, { tar: tarOf(task) }] })
      const docker = { name: `${registry.host}/${name}` }
      return {
        type: "MESOS",
        mesos: { image: { type: "DOCKER", docker } },
        volumes: [sharedFolder(world)],
      }
    },
  }
}

/** A tar of one empty file. */
const tarOf = (name: string): Uint8Array =>
  Bun.spawnSync(["sh", "-ec", `cd $(mktemp -d); : >${name}; tar -c ${name}; rm -r $PWD`]).stdout

/** A folder outside of all sandboxes, at the same place inside and outside of containers. */
const sharedFolder = ({ path }: World) => ({
  host_path: `${path}/shared`,
  container_path: `${path}/shared`,
  mode: "RW",
})

const TERMINAL = /^TASK_(FINISHED|FAILED|KILLED|ERROR|LOST|DROPPED|GONE)/

/** What became of one task. */
type Life = {
  /** What the agent did, up to its death if it died. */
  readonly steps: readonly string[]
  /** Those up to the word that the task runs. */
  readonly launch: readonly string[]
  readonly killed: boolean
  readonly end: Status
  readonly runs: number
}

/** A cluster of one agent that is killed, and tasks that wait to be told to end. */
class Scene implements AsyncDisposable {
  readonly #world: World
  readonly #maker: Maker
  readonly #place: AgentPlace
  readonly #master: MasterDaemon
  readonly #framework: HttpFramework
  #agent: Daemon
  #tasks = 0

  static async open(world: World, prepare: Containerizer["prepare"]): Promise<Scene> {
    mkdirSync(`${world.path}/shared`)
    const maker = await prepare(world)
    const master = await world.master()
    const flags = ["--registration-backoff-factor", "20ms"]
    const place = await world.place("agent", flags)
    const agent = await world.agent(master, place)
    const framework = await HttpFramework.subscribe(master.mesosUrl, {
      info: { capabilities: [{ type: "PARTITION_AWARE" }] },
    })
    return new Scene({ world, maker, place, master, framework, agent })
  }

  private constructor(given: {
    readonly world: World
    readonly maker: Maker
    readonly place: AgentPlace
    readonly master: MasterDaemon
    readonly framework: HttpFramework
    readonly agent: Daemon
  }) {
    this.#world = given.world
    this.#maker = given.maker
    this.#place = given.place
    this.#master = given.master
    this.#framework = given.framework
    this.#agent = given.agent
  }

  /** Kills the agent right before a step; fails when it never comes to it, or the task to another end. */
  async die(fatal: string): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const life = await this.live(fatal)
      expectTruth(life, fatal)
      if (life.killed) return
    }
    throw new Error(`the agent was never about to: ${fatal}`)
  }

  /** Follows so many lives to their end. */
  async repeat(times: number): Promise<readonly Life[]> {
    const lives: Life[] = []
    while (lives.length < times) lives.push(await this.live())
    return lives
  }

  /** Launches a task and follows its life; the agent does not live to do the fatal step. */
  async live(fatal?: string): Promise<Life> {
    const task = `task-${++this.#tasks}`
    const container = await this.#maker.container(task)
    const { pid, exited } = this.#agent
    let killed = false
    void exited.then(() => {
      killed = true
    })
    const trace = await AgentTrace.follow({ pid, folder: this.#place.workDir, fatal })
    const shared = `${this.#world.path}/shared`
    const wait = `until [ -e ${shared}/go-${task} ]; do sleep 0.02; done`
    const offer = await this.#framework.offer()
    await this.#framework.launch(offer, {
      taskId: task,
      command: `echo >>${shared}/ran-${task}; ${wait}; exit 7`,
      container,
    })
    await waitFor(`${task} to run`, () => killed || this.#has(task, "TASK_RUNNING"))
    const launch = launchOf(trace.steps)
    if (!killed) writeFileSync(`${shared}/go-${task}`, "")
    await waitFor(`${task} to end`, () => killed || this.#end(task) !== undefined)
    if (!killed) await quiet(trace, () => killed)
    await trace[Symbol.asyncDispose]()
    const { steps } = trace
    if (killed) {
      this.#agent = await this.#world.agent(this.#master, this.#place)
      writeFileSync(`${shared}/go-${task}`, "")
    }
    const end = await waitFor(`${task} to end after ${fatal}`, () => this.#end(task))
    await waitFor(`nothing to be left after ${fatal}`, async () => !(await this.#leaves()))
    return {
      steps,
      launch,
      killed,
      end,
      runs: readFileSync(`${shared}/ran-${task}`, { flag: "a+" }).length,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#framework[Symbol.dispose]()
    await this.#maker.end?.()
  }

  /** Whether there is anything of a container. */
  async #leaves(): Promise<boolean> {
    const own = `process ${this.#agent.pid}: `
    return (await leaksOf(this.#place.workDir)).some(({ what }) => !what.startsWith(own))
  }

  #has(task: string, state: string): boolean {
    const { statuses } = this.#framework
    return statuses.some((each) => each.task_id.value === task && each.state === state)
  }

  #end(task: string): Status | undefined {
    const { statuses } = this.#framework
    return statuses.find(({ task_id, state }) => task_id.value === task && TERMINAL.test(state))
  }
}

/** Without what the agent may have done already with the answer to its word that the task runs. */
const launchOf = (steps: readonly string[]): readonly string[] =>
  steps.slice(0, 1 + steps.findLastIndex((step) => step.startsWith("send #")))

/** Resolves when nothing is done any more. */
async function quiet(trace: AgentTrace, over: () => boolean): Promise<void> {
  let [count, since] = [0, performance.now()]
  await waitFor("the agent to be done", () => {
    const now = trace.steps.length
    if (now !== count) [count, since] = [now, performance.now()]
    return over() || performance.now() - since > QUIET_MS
  })
}

/** A task ends as it did, and has run once; one that the agent had not noted was never launched. */
function expectTruth({ end, runs, steps }: Life, fatal: string): void {
  const { state, reason, message } = end
  if (steps.length <= 1 && state === "TASK_DROPPED")
    expect([reason, runs]).toEqual(["REASON_RECONCILIATION", 0])
  else
    expect({ fatal, state, message, runs }).toEqual({
      fatal,
      state: "TASK_FAILED",
      message: expect.stringMatching(/^(Command|Container) exited with status 7$/),
      runs: 1,
    })
}

for (const { name, parts, own = /./, prepare } of containerizers)
  testWith(tracing, ...parts)(
    `a task ends as it does, whatever was the last step of its agent: ${name}`,
    async () => {
      await using stack = new AsyncDisposableStack()
      const opened = Array.from({ length: CLUSTERS }, () => Scene.open(open(), prepare))
      const scenes = (await Promise.all(opened)).map((scene) => stack.use(scene))
      // The first task makes folders that later ones find.
      await Promise.all(scenes.map((scene) => scene.live()))
      const lives = (
        await Promise.all(scenes.map((scene) => scene.repeat(LIVES / CLUSTERS)))
      ).flat()
      const [first = [], ...others] = lives.map(({ steps, launch }) =>
        WHOLE_LIFE ? steps : launch,
      )
      const left = first.filter(
        (step) => own.test(step) && others.every((life) => life.includes(step)),
      )
      expect(left.length).toBeGreaterThan(STEPS_MIN)
      console.log(`${name}: ${left.length} steps`)
      const work = async (scene: Scene): Promise<void> => {
        for (let fatal = left.shift(); fatal !== undefined; fatal = left.shift())
          await scene.die(fatal)
      }
      await Promise.all(scenes.map(work))
    },
    300_000,
  )
