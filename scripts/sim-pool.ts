/** Simulates clusters on several threads. */
import type { Report } from "#lib/sim/index.ts"
import type { RunOptions } from "./sim-worker.ts"

type Job = {
  readonly options: RunOptions
  readonly resolve: (report: Report) => void
  readonly reject: (cause: Error) => void
}

/** Threads that simulate one cluster each at a time; they start when they are needed first. */
export class SimPool {
  readonly #threads: number
  readonly #waiting: Job[] = []
  readonly #idle: Worker[] = []
  readonly #all: Worker[] = []

  constructor(threads: number) {
    this.#threads = threads
  }

  /** What comes of a cluster; rejects when the simulator itself fails. Runs start in order. */
  run(options: RunOptions): Promise<Report> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ options, resolve, reject })
      this.#next()
    })
  }

  /** Ends all threads, whatever they do. */
  close(): void {
    for (const worker of this.#all.splice(0)) worker.terminate()
    this.#idle.length = 0
  }

  #next(): void {
    if (this.#waiting.length === 0) return
    const worker = this.#idle.pop() ?? this.#start()
    const job = worker && this.#waiting.shift()
    if (worker === undefined || job === undefined) return
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      this.#idle.push(worker)
      job.resolve(data)
      this.#next()
    }
    worker.onerror = ({ message }) => {
      worker.terminate()
      this.#all.splice(this.#all.indexOf(worker), 1)
      job.reject(new Error(`seed ${job.options.seed}: ${message}`))
      this.#next()
    }
    worker.postMessage(job.options, [])
  }

  #start(): Worker | undefined {
    if (this.#all.length >= this.#threads) return undefined
    const worker = new Worker(new URL("sim-worker.ts", import.meta.url).href)
    this.#all.push(worker)
    return worker
  }
}
