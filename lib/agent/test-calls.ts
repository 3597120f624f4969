import type {
  ContainerOutput,
  ContainerRuntime,
  ContainerSpec,
  TerminalSize,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import { ContainerCalls } from "./container-calls.ts"
import type { TestWorld } from "./core/test-world.ts"

/** A container's streams in tests: what it writes is pushed, what it reads is kept. */
export class TestStreams {
  readonly taken: (string | TerminalSize)[] = []
  #pieces: ContainerOutput[] = []
  #wake: (() => void) | undefined
  #ended = false
  detached = false

  say(text: string, stream: ContainerOutput["stream"] = "stdout"): void {
    this.#pieces.push({ stream, data: new TextEncoder().encode(text) })
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  /** How many pieces were not taken yet. */
  get waiting(): number {
    return this.#pieces.length
  }

  readonly output: AsyncIterable<ContainerOutput> = {
    [Symbol.asyncIterator]: () => ({
      next: async (): Promise<IteratorResult<ContainerOutput>> => {
        for (;;) {
          const value = this.#pieces.shift()
          if (value !== undefined) return { done: false, value }
          if (this.#ended || this.detached) return { done: true, value: undefined }
          await new Promise<void>((resolve) => (this.#wake = resolve))
        }
      },
    }),
  }

  write(data: Uint8Array): Promise<void> {
    this.taken.push(new TextDecoder().decode(data))
    return Promise.resolve()
  }

  closeInput(): Promise<void> {
    this.taken.push("<end>")
    return Promise.resolve()
  }

  resize(size: TerminalSize): void {
    this.taken.push(size)
  }

  detach(): void {
    this.detached = true
    this.#wake?.()
  }
}

/** The calls of a test's agent, with streams by container. */
export function testCalls(world: TestWorld) {
  const streams = new Map<string, TestStreams>()
  const attach = ({ containerId }: ContainerSpec) => {
    const found = streams.get(containerId)
    return Promise.resolve(found === undefined ? err("it has no streams") : ok(found))
  }
  const runtimes = (["process", "docker", "runc"] as const).map((name) => ({ name, attach }))
  const calls = new ContainerCalls({
    runtimes: runtimes as unknown as readonly ContainerRuntime[],
    clock: { now: () => world.now, wakeAt: () => () => {}, soon: () => {} },
    post: (input) => {
      world.give(input)
      return true
    },
  })
  world.onAnswer = (call, answer) => calls.answer(call, answer)
  return { calls, streams }
}
