import { ProcessRuntime } from "#lib/io/process/process-runtime.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"

/** An agent reduced to its runtime: launches what its argument lists, says so, and waits to be killed. */
const { runtimeDir, specs } = JSON.parse(process.argv[2] ?? "{}") as {
  readonly runtimeDir: string
  readonly specs: readonly ContainerSpec[]
}
const runtime = new ProcessRuntime({ runtimeDir, address: "127.0.0.1" })
const never = new AbortController().signal
await Promise.all(specs.map((spec) => runtime.launch(spec, never)))
process.stdout.write("launched\n")
await new Promise(() => setTimeout(() => {}, 60_000))
