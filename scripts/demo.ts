/**
 * `npm run demo`: a whole cluster on this machine, shown as a person would use it. It stays until
 * Ctrl-C; `-- --once` ends after the story, `-- --failures` goes on with the five failures.
 */
import { buildExecutable } from "./build.ts"
import { DemoCluster, type DemoTask } from "./demo/cluster.ts"
import { showFailures } from "./demo/failures.ts"
import { done, heading, tell } from "./demo/show.ts"

const APP = "helloworld"
const unknown = process.argv.slice(2).find((word) => !["--once", "--failures"].includes(word))
if (unknown !== undefined) {
  console.error(`demo: ${unknown}: there are only --once and --failures`)
  process.exit(2)
}
const once = process.argv.includes("--once")
const failures = process.argv.includes("--failures")

async function readPages(tasks: readonly DemoTask[]): Promise<void> {
  for (const { id, host, ports } of tasks) {
    const url = `http://${host}:${ports[0]}/`
    const start = performance.now()
    const page = await (await fetch(url)).text()
    if (!page.includes(id)) throw new Error(`${url} does not name ${id}`)
    done(`${url} says it is ${id}`, start)
  }
}

async function tellStory(cluster: DemoCluster): Promise<void> {
  heading("A cluster in one process")
  const started = performance.now()
  await cluster.up()
  done("dcos up: master, Marathon, packages and one agent answer", started)
  await cluster.dcos("cluster", "setup", cluster.url("router"))

  heading("A package")
  await cluster.dcos("package", "search", "hello")
  const installing = performance.now()
  await cluster.dcos("package", "install", APP, "--yes")
  await readPages(await cluster.healthy(APP, 1))
  done("installed, running and healthy", installing)

  heading("Five instances of it")
  const scaling = performance.now()
  await cluster.dcos("marathon", "app", "update", APP, "instances=5")
  const tasks = await cluster.healthy(APP, 5)
  done("five instances are healthy", scaling)
  await readPages(tasks)
  await cluster.dcos("marathon", "app", "list")
  await cluster.dcos("task", "list")
}

async function main(cluster: DemoCluster): Promise<void> {
  await tellStory(cluster)
  if (failures) {
    heading("Two more nodes")
    const since = performance.now()
    for (const name of ["node-1", "node-2"]) await cluster.addNode(name)
    done("the cluster has three nodes", since)
    const spreading = performance.now()
    await cluster.dcos("marathon", "app", "update", APP, 'constraints=[["hostname","MAX_PER","3"]]')
    await cluster.settled()
    const hosts = new Set((await cluster.healthy(APP, 5)).map(({ host }) => host))
    done(`a rolling update spread the instances over ${hosts.size} nodes`, spreading)
    await cluster.dcos("node", "list")
    await showFailures(cluster)
  }
  heading("Where to look")
  for (const part of ["router", "mesos", "marathon"] as const)
    tell(`${part.padEnd(9)} ${cluster.url(part)}`)
  tell(`the page  ${cluster.url("router")}/service/${APP}/`)
  if (once) return
  tell("Ctrl-C ends the demo.")
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve())
  })
}

const cluster = new DemoCluster(await buildExecutable())
let code = 0
try {
  await main(cluster)
} catch (cause) {
  console.error(`\nThe demo failed: ${cause instanceof Error ? cause.message : String(cause)}`)
  console.error(cluster.log())
  code = 1
}
await cluster.close(APP)
process.exit(code)
