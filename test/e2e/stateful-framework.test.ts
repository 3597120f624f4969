/** A stateful service as others write them, on the public HTTP API alone, through its whole life. */
import { expect, test } from "bun:test"
import { HttpFramework, scalar, type Offer, type Resource } from "../fixtures/http-framework.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

const role = "db"
const principal = "db-principal"
const info = {
  name: "db",
  principal,
  roles: [role],
  capabilities: ["MULTI_ROLE", "RESERVATION_REFINEMENT", "PARTITION_AWARE"].map((type) => ({
    type,
  })),
}
const DISK_MB = 64

const reserved = (resource: Resource): Resource => ({
  ...resource,
  allocation_info: { role },
  reservations: [{ type: "DYNAMIC", role, principal }],
})
const wanted = [scalar("cpus", 0.2), scalar("mem", 64)].map(reserved)
const disk = reserved(scalar("disk", DISK_MB))
const volume: Resource = {
  ...disk,
  disk: {
    persistence: { id: "data", principal },
    volume: { container_path: "data", mode: "RW" },
  },
}
const operation = (type: string, id: string, body: object) => ({
  type,
  id: { value: id },
  [type.toLowerCase()]: body,
})

const sizeOf = ({ resources }: Offer, name: string, isOurs: (resource: Resource) => boolean) =>
  resources
    .filter((resource) => resource.name === name && isOurs(resource))
    .reduce((sum, resource) => sum + (resource.scalar?.value ?? 0), 0)

const isReserved = ({ reservations }: Resource): boolean => (reservations?.length ?? 0) > 0
const isVolume = ({ disk: of }: Resource): boolean => of?.persistence?.id === "data"
const hasVolume = (offer: Offer): boolean => offer.resources.some(isVolume)
const hasRoom = (offer: Offer): boolean =>
  sizeOf(offer, "disk", (resource) => !isReserved(resource)) >= DISK_MB

test("a framework reserves, keeps data on a volume, fails over and gives everything back", async () => {
  const world = open()
  const master = await world.master()
  const place = await world.place("agent")
  const resources = place.args.map((word) => word.replace("mem:1024", "mem:1024;disk:1024"))
  await world.agent(master, { ...place, args: resources })
  const { mesosUrl } = master

  // The first instance reserves, makes the volume and writes to it; it dies before it has
  // acknowledged what became of its operations.
  const first = await HttpFramework.subscribe(mesosUrl, { info, ignoresOperations: true })
  const room = await first.offer(hasRoom)
  const { agent_id } = room
  await first.accept(room, [
    operation("RESERVE", "reserve", { resources: [...wanted, disk] }),
    operation("CREATE", "create", { volumes: [volume] }),
  ])
  await first.untilOperation("create", "OPERATION_FINISHED")
  await first.launch(await first.offer(hasVolume), {
    taskId: "writer",
    command: "echo kept >data/file; sleep 600",
    resources: [...wanted, volume],
  })
  await first.until("writer", "TASK_RUNNING")
  first[Symbol.dispose]()

  // The second takes over and asks after everything that it knows of.
  using second = await HttpFramework.subscribe(mesosUrl, { id: first.id, info })
  expect(second.id).toBe(first.id)
  const tasks = [{ task_id: { value: "writer" }, agent_id }]
  await second.call({ type: "RECONCILE", reconcile: { tasks } })
  await second.until("writer", "TASK_RUNNING")
  const operations = ["reserve", "create", "never"].map((value) => ({
    operation_id: { value },
    agent_id,
  }))
  await second.call({ type: "RECONCILE_OPERATIONS", reconcile_operations: { operations } })
  await second.untilOperation("reserve", "OPERATION_FINISHED")
  await second.untilOperation("create", "OPERATION_FINISHED")
  await second.untilOperation("never", "OPERATION_UNKNOWN")

  // Another task finds the data.
  await second.call({ type: "KILL", kill: { task_id: { value: "writer" }, agent_id } })
  await second.until("writer", "TASK_KILLED")
  const proof = `${world.path}/proof`
  await second.launch(await second.offer(hasVolume), {
    taskId: "reader",
    command: `cat data/file >${proof}`,
    resources: [...wanted, volume],
  })
  await second.until("reader", "TASK_FINISHED")
  expect(await Bun.file(proof).text()).toBe("kept\n")

  // Everything goes back, and is offered as it was at first.
  await second.accept(await second.offer(hasVolume), [
    operation("DESTROY", "destroy", { volumes: [volume] }),
    operation("UNRESERVE", "unreserve", { resources: [...wanted, disk] }),
  ])
  await second.untilOperation("destroy", "OPERATION_FINISHED")
  await second.untilOperation("unreserve", "OPERATION_FINISHED")
  const last = await second.offer(hasRoom)
  expect(last.resources.filter(isReserved)).toEqual([])
  for (const name of ["cpus", "mem", "disk"])
    expect(sizeOf(last, name, () => true)).toBe(sizeOf(room, name, () => true))
  await second.call({ type: "TEARDOWN" })
  await waitFor("the end of the stream", () => second.ended)
})
