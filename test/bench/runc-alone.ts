import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

/** What the agent gives runc: one thread and no garbage collection. */
const ENVIRONMENT = { PATH: process.env["PATH"] ?? "", GOMAXPROCS: "1", GOGC: "off" }

/** How many `runc delete` at one time: each waits for the end of a container. */
const DELETIONS_AT_ONCE = 8

/** What containers are made from. */
export type AloneOptions = {
  /** The directory of the bundles of an agent's running containers, whose configuration is taken over. */
  readonly bundles: string
  /** A directory that does not exist yet; it goes with all else that the test leaves. */
  readonly directory: string
  readonly count: number
  readonly atOnce: number
}

/**
 * Milliseconds that `runc run --detach` takes for containers exactly like those of an agent: without agent,
 * master, supervisor or any record. No launch through runc can be faster on the same machine.
 */
export async function runcAlone(options: AloneOptions): Promise<number> {
  const { bundles, directory, count, atOnce } = options
  const [model] = readdirSync(bundles)
  const config = JSON.parse(readFileSync(`${bundles}/${model}/config.json`, "utf8")) as {
    linux: { cgroupsPath: string }
  }
  const ids = Array.from({ length: count }, (_, index) => `alone-${index}`)
  const groups = dirname(config.linux.cgroupsPath)
  for (const id of ids) {
    mkdirSync(`${directory}/${id}/rootfs`, { recursive: true })
    config.linux.cgroupsPath = `${groups}/${id}`
    writeFileSync(`${directory}/${id}/config.json`, JSON.stringify(config))
  }
  const root = `--root=${directory}/state`
  const from = performance.now()
  try {
    await each(ids, atOnce, (id) =>
      runc(root, "run", "--detach", `--bundle=${directory}/${id}`, id),
    )
    return performance.now() - from
  } finally {
    await each(ids, DELETIONS_AT_ONCE, (id) => runc(root, "delete", "--force", id))
  }
}

async function runc(...args: readonly string[]): Promise<void> {
  const child = Bun.spawn(["runc", ...args], {
    env: ENVIRONMENT,
    // A container keeps what it is given here, so none of it is a pipe.
    stdio: ["ignore", "ignore", "ignore"],
  })
  if ((await child.exited) !== 0) throw new Error(`runc ${args.join(" ")} failed`)
}

/** Does something for each, so many at one time. */
async function each<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
    }),
  )
}
