import { isHealthy, type DemoCluster, type DemoTask } from "./cluster.ts"

/** Milliseconds between two visits. */
const EVERY_MS = 50

/** Milliseconds after which a page that does not answer counts as down. */
const PATIENCE_MS = 1_000

/**
 * Somebody who keeps reading the page through whichever instance is up, as a load balancer would:
 * an instance that fails is passed over for the next one.
 */
export class Visitor {
  readonly #cluster: DemoCluster
  readonly #app: string
  #known: readonly DemoTask[] = []
  #running = true
  #turn = 0
  readonly #loops: readonly Promise<void>[]
  /** Visits answered, visits that no instance answered, and instances passed over. */
  readonly counts = { answered: 0, unanswered: 0, passedOver: 0 }

  constructor(cluster: DemoCluster, app: string) {
    this.#cluster = cluster
    this.#app = app
    this.#loops = [this.#learn(), this.#visit()]
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
  }

  /** Keeps the list of instances fresh; while Marathon is away, the last one serves. */
  async #learn(): Promise<void> {
    while (this.#running) {
      const healthy = (await this.#cluster.tasks(this.#app)).filter(isHealthy)
      if (healthy.length > 0) this.#known = healthy
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
  }

  async #visit(): Promise<void> {
    while (this.#running) {
      if (this.#known.length > 0) await this.#readOnce(this.#known)
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
  }

  async #readOnce(tasks: readonly DemoTask[]): Promise<void> {
    for (let tried = 0; tried < tasks.length; tried++) {
      const task = tasks[this.#turn++ % tasks.length]
      if (task !== undefined && (await answers(task))) {
        this.counts.answered++
        return
      }
      this.counts.passedOver++
    }
    this.counts.unanswered++
  }
}

async function answers(task: DemoTask): Promise<boolean> {
  try {
    const url = `http://${task.host}:${task.ports[0]}/`
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), keepalive: false })
    return answer.ok && (await answer.text()).includes(task.id)
  } catch {
    return false
  }
}
