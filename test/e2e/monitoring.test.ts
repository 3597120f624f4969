/** What an agent tells of its containers, of each kind, by each of its ways. */
import { afterEach, beforeAll, expect } from "bun:test"
import { countBlocks } from "../fixtures/block-accounting.ts"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { HttpFramework, scalar } from "../fixtures/http-framework.ts"
import { bridge, command, docker, rootUser, testWith, type Part } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const frameworks: HttpFramework[] = []
afterEach(() => {
  for (const framework of frameworks.splice(0)) framework[Symbol.dispose]()
})
beforeAll(countBlocks)
const open = testWorlds()

type Statistics = Readonly<Record<string, unknown>>

/** A container as the older endpoints tell it. */
type Told = {
  readonly container_id?: string
  readonly executor_id: string
  readonly executor_name: string
  readonly framework_id: string
  readonly source: string
  readonly statistics: Statistics
  readonly status?: { readonly container_id: { readonly value: string } }
}

/** A container as GET_CONTAINERS tells it. */
type Listed = {
  readonly container_id: { readonly value: string }
  readonly executor_id: { readonly value: string }
  readonly framework_id: { readonly value: string }
  readonly container_status: object
  readonly resource_statistics: Statistics
}

/** Uses its processor for a while, its memory and its disk. */
const WORK =
  "dd if=/dev/zero of=$MESOS_SANDBOX/block bs=4096 count=8 oflag=direct; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exec sleep 1000"

/** What every kind of container tells. */
const COMMON = [
  "timestamp",
  "cpus_limit",
  "cpus_soft_limit",
  "cpus_system_time_secs",
  "cpus_user_time_secs",
  "mem_limit_bytes",
  "mem_rss_bytes",
  "mem_soft_limit_bytes",
  "mem_total_bytes",
  "threads",
]

const CGROUPS = ["mem_anon_bytes", "mem_cache_bytes", "mem_file_bytes", "mem_mapped_file_bytes"]
const DISK = ["disk_limit_bytes", "disk_used_bytes", "disk_statistics"]
const NETWORK = ["rx", "tx"].flatMap((way) =>
  ["bytes", "packets", "errors", "dropped"].map((what) => `net_${way}_${what}`),
)

type Kind = {
  readonly name: string
  readonly parts: readonly Part[]
  readonly container: object | undefined
  readonly tells: readonly string[]
}

const RUNC = [rootUser, command("runc"), command("conmon")]
const boxed = (network: string): object => ({
  type: "DOCKER",
  docker: { image: busyboxImage, network },
})

const KINDS: readonly Kind[] = [
  { name: "a process", parts: [], container: undefined, tells: ["processes", ...DISK] },
  {
    name: "a container of runc",
    parts: RUNC,
    container: { type: "MESOS" },
    tells: ["processes", ...CGROUPS, ...DISK, "blkio_statistics"],
  },
  {
    name: "a container of Docker on its host's network",
    parts: [await docker(), command("busybox")],
    container: boxed("HOST"),
    tells: [...CGROUPS, ...DISK, "blkio_statistics"],
  },
  {
    name: "a container of Docker on a network of its own",
    parts: [await bridge(), command("busybox")],
    container: boxed("BRIDGE"),
    tells: [...CGROUPS, ...DISK, "blkio_statistics", ...NETWORK],
  },
]

/** An agent that runs one task, and what it answers. */
async function startTask(kind: Kind) {
  if (kind.name.includes("Docker")) await loadBusyboxImage()
  const world = open()
  const master = await world.master()
  const place = await world.place("agent", [
    "--container-disk-watch-interval",
    "100ms",
    "--resources",
    "cpus:2;mem:1024;disk:1024",
  ])
  await world.agent(master, place)
  const framework = await HttpFramework.subscribe(master.mesosUrl)
  frameworks.push(framework)
  const offer = await framework.offer()
  const info = {
    name: "one",
    task_id: { value: "one" },
    agent_id: offer.agent_id,
    command: { value: WORK },
    resources: [scalar("cpus", 0.5), scalar("mem", 64), scalar("disk", 32)],
    ...(kind.container === undefined ? {} : { container: kind.container }),
  }
  await framework.accept(offer, [{ type: "LAUNCH", launch: { task_infos: [info] } }])
  await framework.until("one", "TASK_RUNNING")
  const url = `http://127.0.0.1:${place.port}`
  const get = async (path: string): Promise<readonly Told[]> =>
    (await (await fetch(`${url}${path}`)).json()) as readonly Told[]
  const list = async (): Promise<readonly Listed[]> => {
    const answer = await fetch(`${url}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ type: "GET_CONTAINERS", get_containers: {} }),
    })
    // An empty list is left out.
    type Answer = { readonly get_containers: { readonly containers?: readonly Listed[] } }
    return ((await answer.json()) as Answer).get_containers.containers ?? []
  }
  const end = async (): Promise<void> => {
    await framework.call({ type: "KILL", kill: { task_id: { value: "one" } } })
    await framework.until("one", "TASK_KILLED")
  }
  return { framework, get, list, end }
}

for (const kind of KINDS)
  testWith(...kind.parts)(`statistics tell what ${kind.name} uses`, async () => {
    const { framework, get, list, end } = await startTask(kind)
    const names = [...COMMON, ...kind.tells]
    const told = await waitFor("all figures", async () => {
      const [one] = await get("/monitor/statistics")
      const figures = one?.statistics ?? {}
      return names.every((name) => name in figures) && Number(figures["cpus_user_time_secs"]) > 0
        ? one
        : undefined
    })
    expect(told).toMatchObject({
      executor_id: "one",
      executor_name: expect.any(String),
      framework_id: framework.id,
      source: "one",
      statistics: { cpus_limit: 0.5, cpus_soft_limit: 0.5, mem_limit_bytes: 64 * 2 ** 20 },
    })
    expect(Math.abs(Number(told.statistics["timestamp"]) - Date.now() / 1000)).toBeLessThan(60)
    // A network that is the machine's is not the container's.
    const hasNetwork = kind.tells.includes("net_rx_bytes")
    expect("net_rx_bytes" in told.statistics).toBe(hasNetwork)

    const [container] = await get("/containers")
    const id = container?.container_id ?? ""
    expect(container).toMatchObject({
      executor_id: "one",
      framework_id: framework.id,
      status: { container_id: { value: id }, network_infos: [{}] },
      statistics: { cpus_limit: 0.5 },
    })
    expect(await get(`/containers?container_id=${id}`)).toHaveLength(1)
    expect(await get("/containers?container_id=other")).toEqual([])

    const [listed] = await list()
    expect(listed).toMatchObject({
      container_id: { value: id },
      executor_id: { value: "one" },
      framework_id: { value: framework.id },
      container_status: { network_infos: [{}] },
    })
    for (const name of names) expect(listed?.resource_statistics).toHaveProperty(name)
    await end()
    await waitFor("no container", async () => (await list()).length === 0)
    expect(await get("/containers")).toEqual([])
  })
