import { waitFor } from "../fixtures/wait.ts"
import { startOneNode, type OneNode } from "./one-node.ts"
import { atMost, median, type Benchmark, type BenchResult } from "./result.ts"

const RUNS = 5

/** How often the page is asked for, in milliseconds. */
const EVERY_MS = 5

/** From the command to the first page that the package's only instance answers, in milliseconds. */
async function installOnce({ dcos, marathon }: OneNode): Promise<number> {
  const started = performance.now()
  const installing = dcos.ok("package install helloworld --yes")
  const page = async (): Promise<boolean> => {
    const [task] = await marathon.tasks("/helloworld")
    return task !== undefined && (await fetch(`http://${task.host}:${task.ports[0]}/`)).ok
  }
  await waitFor("the page of helloworld", page, 30_000, EVERY_MS)
  const ms = performance.now() - started
  await installing
  await dcos.ok("package uninstall helloworld --yes")
  await marathon.removeAll()
  return ms
}

async function run(executable: string): Promise<readonly BenchResult[]> {
  const node = await startOneNode(executable)
  try {
    await node.ready()
    await node.dcos.ok(`cluster setup ${node.routerUrl}`)
    const runs: number[] = []
    for (let i = 0; i < RUNS; i++) runs.push(await installOnce(node))
    return [atMost("install-to-http-200", median(runs) / 1000, "s", 1)]
  } finally {
    await node.stop()
  }
}

/** From `dcos package install helloworld` on a running cluster to its page. */
export const install: Benchmark = { name: "install", measures: ["install-to-http-200"], run }
