import { expect, test } from "bun:test"
import { lstatSync } from "node:fs"
import { Marathon } from "../fixtures/marathon.ts"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { command, docker, rootUser, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()

const GB = 1_000_000_000
const TEN_GB = "dd if=/dev/zero bs=1000000 count=10000"
const FLOOD_MS = 120_000

/** Five older logs of 50 MB at most, and one that is not full. */
const KEPT = 6 * 50 * 1024 * 1024

/** Bytes of all logs of the only sandbox there is. */
function logBytes(world: World): number {
  let bytes = 0
  for (const path of new Bun.Glob("**/runs/*/std{out,err}*").scanSync({ cwd: world.path }))
    bytes += lstatSync(`${world.path}/${path}`, { throwIfNoEntry: false })?.size ?? 0
  return bytes
}

const finished = (world: World): boolean =>
  [...new Bun.Glob("**/runs/*/done").scanSync({ cwd: world.path })].length > 0

/** Runs a task that writes much, and answers how large its logs were at most, and at last. */
async function flood(write: string, more: object): Promise<{ most: number; last: number }> {
  const world = open()
  const cluster = await world.up()
  const cmd = `${write}; touch $MESOS_SANDBOX/done; sleep 1000`
  await new Marathon(cluster.marathonUrl).run({ id: "/flood", cmd, ...more })
  let most = 0
  await waitFor(
    "the flood to end",
    () => {
      most = Math.max(most, logBytes(world))
      return finished(world)
    },
    FLOOD_MS,
  )
  const last = await waitFor("the logs to be rotated", () => {
    const now = logBytes(world)
    return now < KEPT ? now : undefined
  })
  return { most, last }
}

test("a process that writes 10 GB does not fill the disk", async () => {
  const { most, last } = await flood(TEN_GB, {})
  console.log(`logs of a process: ${most} bytes at most, ${last} at last`)
  expect(last).toBeGreaterThan(0)
  expect(most).toBeLessThan(5 * GB)
}, 180_000)

testWith(rootUser, command("runc"), command("conmon"))(
  "a container of runc that writes 10 GB does not fill the disk",
  async () => {
    const { most, last } = await flood(TEN_GB, { container: { type: "MESOS" } })
    console.log(`logs of a container of runc: ${most} bytes at most, ${last} at last`)
    expect(last).toBeGreaterThan(0)
    expect(most).toBeLessThan(5 * GB)
  },
  180_000,
)

/** Docker writes each line as JSON and passes it on as HTTP: 10 GB would take ten minutes. */
const TWICE_WHAT_IS_KEPT =
  "line=$(head -c 1000 /dev/zero | tr '\\0' x); yes $line | head -c 130000000; echo END"

testWith(await docker(), command("busybox"))(
  "of a container of Docker that writes more than is kept the newest is kept",
  async () => {
    await loadBusyboxImage()
    const world = open()
    const cluster = await world.up()
    await new Marathon(cluster.marathonUrl).run({
      id: "/flood",
      cmd: `${TWICE_WHAT_IS_KEPT}; sleep 1000`,
      container: { type: "DOCKER", docker: { image: busyboxImage } },
      networks: [{ mode: "host" }],
    })
    const [stdout = ""] = new Bun.Glob("**/runs/*/stdout").scanSync({ cwd: world.path })
    const end = async (): Promise<boolean> => {
      const log = Bun.file(`${world.path}/${stdout}`)
      return (await log.slice(Math.max(0, log.size - 4)).text()) === "END\n"
    }
    await waitFor("all to be copied", end, FLOOD_MS)
    const bytes = logBytes(world)
    console.log(`logs of a container of Docker: ${bytes} bytes`)
    // Five older logs of 10 MB, and one that is not full.
    expect(bytes).toBeGreaterThan(50_000_000)
    expect(bytes).toBeLessThan(75_000_000)
  },
  180_000,
)
