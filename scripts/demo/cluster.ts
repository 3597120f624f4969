import { join } from "node:path"
import {
  freePorts,
  spawnDaemon,
  temporaryFolder,
  waitForUrl,
  type Daemon,
} from "../../test/fixtures/daemons.ts"
import { waitFor } from "../../test/fixtures/wait.ts"
import { output, tell, typed } from "./show.ts"

/** A task of an app, as Marathon's API tells it. */
export type DemoTask = {
  readonly id: string
  readonly host: string
  readonly ports: readonly number[]
  readonly slaveId: string
  readonly state: string
  readonly healthCheckResults?: readonly { readonly alive: boolean }[]
}

const LOOPBACK = "127.0.0.1"

/** Fast pings, so that the audience need not wait for the 75 s that a lost node takes by default. */
const FAST_PINGS = ["--agent-ping-timeout", "1secs", "--max-agent-ping-timeouts", "3"]

/** Flags with their values, as they stand on a command line. */
const flags = (values: Readonly<Record<string, string | number | undefined>>): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, `${value}`])

/** The cluster of the demo: `dcos up` and, for the failures, more nodes; all on loopback. */
export class DemoCluster {
  readonly #executable: string
  readonly #folder = temporaryFolder()
  #up: Daemon | undefined
  readonly nodes: { readonly name: string; readonly port: number; daemon: Daemon }[] = []
  #ports: readonly number[] = []

  constructor(executable: string) {
    this.#executable = executable
  }

  url(part: "mesos" | "marathon" | "router"): string {
    return `http://${LOOPBACK}:${this.#ports[["mesos", "marathon", "router"].indexOf(part)]}`
  }

  /** Starts `dcos up`, or starts it again where it was; resolves when the router answers. */
  async up(): Promise<Daemon> {
    if (this.#ports.length === 0) this.#ports = await freePorts(4)
    const [mesos, marathon, router, agent] = this.#ports
    const args = [
      "up",
      ...flags({ "work-dir": join(this.#folder.path, "up"), port: mesos, "agent-port": agent }),
      ...flags({ "marathon-port": marathon, "router-port": router }),
      ...FAST_PINGS,
    ]
    this.#up = this.#start(args)
    await waitForUrl(`${this.url("router")}/metadata`, this.#up)
    return this.#up
  }

  /** Starts one more node, on a loopback address of its own. */
  async addNode(name: string): Promise<void> {
    const [port = 0] = await freePorts(1)
    this.nodes.push({ name, port, daemon: this.startNode(name, port) })
    await this.nodesRegistered(this.nodes.length + 1)
  }

  /** Starts the agent process of a node (again). */
  startNode(name: string, port: number): Daemon {
    const address = `127.0.0.${2 + Number(name.slice(-1))}`
    return this.#start([
      "agent",
      ...flags({ master: this.url("mesos"), "work-dir": join(this.#folder.path, name) }),
      ...flags({ ip: LOOPBACK, port, hostname: address, "advertise-ip": address }),
      ...flags({ "log-level": "warn" }),
    ])
  }

  /** Ctrl-C is for the demo, which ends the tasks before the cluster that runs them. */
  #start(args: readonly string[]): Daemon {
    return spawnDaemon([this.#executable, ...args], {}, { detached: true })
  }

  /** Waits until this many nodes are registered and active. */
  async nodesRegistered(count: number): Promise<void> {
    await waitFor(`${count} nodes`, async () => {
      const state = (await (await fetch(`${this.url("mesos")}/state-summary`)).json()) as {
        readonly slaves: readonly { readonly active: boolean }[]
      }
      return state.slaves.filter(({ active }) => active).length >= count
    })
  }

  /** Runs a command of the client and prints it with its result; fails when the command does. */
  async dcos(...args: string[]): Promise<string> {
    typed(args)
    const start = performance.now()
    const child = Bun.spawn([this.#executable, ...args], {
      env: { ...process.env, HOME: this.#folder.path, DCOS_DIR: join(this.#folder.path, "client") },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    })
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    output(`${out}${err}`, performance.now() - start)
    if (code !== 0) throw new Error(`dcos ${args.join(" ")} ended with ${code}`)
    return out
  }

  /** The tasks of an app; none when Marathon does not answer. */
  async tasks(app: string): Promise<readonly DemoTask[]> {
    try {
      const answer = await fetch(`${this.url("marathon")}/v2/apps/${app}/tasks`)
      return answer.ok
        ? ((await answer.json()) as { readonly tasks: readonly DemoTask[] }).tasks
        : []
    } catch {
      return []
    }
  }

  /** Waits until no deployment is under way. */
  async settled(): Promise<void> {
    await waitFor("the deployment to end", async () => {
      const answer = await fetch(`${this.url("marathon")}/v2/deployments`)
      return ((await answer.json()) as readonly unknown[]).length === 0
    })
  }

  /** Waits until the app has exactly this many tasks, all healthy. */
  async healthy(app: string, count: number, deadlineMs = 60_000): Promise<readonly DemoTask[]> {
    return waitFor(
      `${count} healthy tasks of ${app}`,
      async () => {
        const tasks = await this.tasks(app)
        return tasks.length === count && tasks.every(isHealthy) && tasks
      },
      deadlineMs,
    )
  }

  /** Kills the process of `dcos up` and starts it again. */
  async restartUp(): Promise<void> {
    tell(`killing dcos up (${this.#up?.pid}): master, Marathon and the first node's agent`)
    await this.#up?.end("SIGKILL")
    await this.up()
  }

  /** The last lines that the daemons wrote. */
  log(): string {
    const daemons = [this.#up, ...this.nodes.map(({ daemon }) => daemon)]
    return daemons.map((daemon) => daemon?.output().slice(-2_000) ?? "").join("\n")
  }

  /** Ends everything and removes what was written. */
  async close(app: string): Promise<void> {
    await fetch(`${this.url("marathon")}/v2/apps/${app}?force=true`, { method: "DELETE" }).catch(
      () => {},
    )
    await this.settled().catch(() => {})
    await Promise.all(
      [this.#up, ...this.nodes.map(({ daemon }) => daemon)].map((one) => one?.end()),
    )
    this.#folder.remove()
  }
}

/** Whether the task runs and its health check says that it is well. */
export const isHealthy = (task: DemoTask): boolean =>
  task.state === "TASK_RUNNING" &&
  (task.healthCheckResults ?? []).length > 0 &&
  (task.healthCheckResults ?? []).every(({ alive }) => alive)
