/** What tasks hear when their files cannot be fetched. */
import { afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { HttpFramework, scalar } from "../fixtures/http-framework.ts"
import { SmallDisk, smallDisks } from "../fixtures/small-disk.ts"
import { testWith } from "../fixtures/system-parts.ts"
import { endOf } from "../fixtures/task-end.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()
const MIB = 1024 * 1024

/** Takes connections and says nothing. */
let silent: Server
let served: ReturnType<typeof Bun.serve>
beforeEach(async () => {
  silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
  const zeros = () => Buffer.alloc(MIB)
  served = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === "/told") return new Response(Buffer.alloc(64 * MIB))
      if (pathname === "/small") return new Response("small")
      if (pathname === "/bomb.tar.gz") return new Response(Bun.gzipSync(tarOf("large", 64 * MIB)))
      let count = 0
      return new Response(
        new ReadableStream({
          pull: (controller) => (++count > 64 ? controller.close() : controller.enqueue(zeros())),
        }),
      )
    },
  })
})
afterEach(async () => {
  silent.close()
  await served.stop(true)
})

/** A tar archive of one file of zeros. */
function tarOf(name: string, size: number): Buffer<ArrayBuffer> {
  const header = Buffer.alloc(512)
  header.write(name)
  header.write("0000644\0", 100)
  header.write("0000000\0", 108)
  header.write("0000000\0", 116)
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124)
  header.write("00000000000\0", 136)
  header.write("        0", 148)
  header.write("ustar\x0000", 257)
  const sum = header.reduce((all, byte) => all + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return Buffer.concat([header, Buffer.alloc(Math.ceil(size / 512) * 512 + 1024)])
}

/** A cluster, and what runs tasks with one URI in it. */
async function cluster(workDir: string | undefined, ...args: string[]) {
  const world = open()
  const master = await world.master()
  const place = await world.place("agent", args)
  const { exited } = await world.agent(master, { ...place, workDir: workDir ?? place.workDir })
  let ended = false
  void exited.then(() => {
    ended = true
  })
  const framework = await HttpFramework.subscribe(master.mesosUrl)
  const run = async (taskId: string, value: string) => {
    const offer = await framework.offer()
    const info = {
      name: taskId,
      task_id: { value: taskId },
      agent_id: offer.agent_id,
      command: { value: "true", uris: [{ value }] },
      resources: [scalar("cpus", 0.1), scalar("mem", 32)],
    }
    await framework.accept(offer, [{ type: "LAUNCH", launch: { task_infos: [info] } }])
    return await endOf(master.mesosUrl, taskId)
  }
  return {
    world,
    place,
    run,
    agentEnded: () => ended,
    [Symbol.dispose]: () => framework[Symbol.dispose](),
  }
}

const failed = (message: string) => ({
  state: "TASK_FAILED",
  reason: "REASON_CONTAINER_LAUNCH_FAILED",
  message,
})

test("a server that never answers is given up", async () => {
  using it = await cluster(undefined, "--fetcher-stall-timeout", "300ms")
  const address = silent.address()
  const uri = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/file`
  expect(await it.run("waits", uri)).toMatchObject(
    failed(
      `fetching '${uri}' failed: no data came for 0.3 s (--fetcher_stall_timeout): is the server there?`,
    ),
  )
})

test("an archive that leads out of the sandbox is refused whole", async () => {
  using it = await cluster(undefined)
  const files = `${it.world.path}/files`
  mkdirSync(files)
  writeFileSync(`${files}/up.tar`, tarOf("../../../escaped", 1))
  expect(await it.run("leaves", `${files}/up.tar`)).toMatchObject(
    failed(
      `fetching '${files}/up.tar' failed: the archive's member '../../../escaped' would lie outside the sandbox`,
    ),
  )
  expect([...new Bun.Glob("**/escaped").scanSync({ cwd: it.world.path, dot: true })]).toEqual([])
})

testWith(smallDisks())("a disk that fills up fails the task, and the agent goes on", async () => {
  using small = new SmallDisk(`/tmp/dcos-small-${crypto.randomUUID()}`, 24)
  const folder = small.path
  const workDir = `${folder}/agent`
  using it = await cluster(workDir)
  const { bfree } = statfsSync(folder)
  for (const file of ["told", "untold", "bomb.tar.gz"]) {
    const uri = `${served.url.href}${file}`
    expect(await it.run(file, uri)).toMatchObject(
      failed(
        `fetching '${uri}' failed: the disk is full (ENOSPC): free space below the agent's work directory, or give the task more disk`,
      ),
    )
  }
  // Of all that nothing is left but the packed archive, 64 KiB, and the agent's books.
  expect(statfsSync(folder).bfree).toBeGreaterThan(bfree - 2048)
  expect((await it.run("fits", `${served.url.href}small`)).state).toBe("TASK_FINISHED")
  expect(it.agentEnded()).toBe(false)
  expect(existsSync(workDir) && readdirSync(workDir)).toContain("meta")
})
