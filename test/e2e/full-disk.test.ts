import { expect } from "bun:test"
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { Marathon } from "../fixtures/marathon.ts"
import { rootUser, testWith, type Part } from "../fixtures/system-parts.ts"
import { temporaryFolder } from "../fixtures/daemons.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

/** Mounts a small file system at a folder, made for it; ends with `umount`. */
function mountSmall(path: string): { readonly ok: boolean; umount(): void } {
  mkdirSync(path, { recursive: true })
  const command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path]
  const { success } = Bun.spawnSync(command, { stderr: "ignore" })
  return { ok: success, umount: () => void Bun.spawnSync(["umount", "-l", path]) }
}

function mounts(): Part {
  if (rootUser.missing !== undefined) return rootUser
  const folder = temporaryFolder()
  const small = mountSmall(`${folder.path}/small`)
  if (small.ok) small.umount()
  folder.remove()
  return small.ok ? { name: "mount" } : { name: "mount", missing: "a tmpfs cannot be mounted" }
}

/** Writes a file as large as the file system takes. */
function fill(folder: string): () => void {
  const path = `${folder}/filler`
  for (let kib = 1024; kib >= 1; kib /= 2)
    while (statfsSync(folder).bavail * statfsSync(folder).bsize >= kib * 1024)
      writeFileSync(path, Buffer.alloc(kib * 1024), { flag: "a" })
  return () => rmSync(path)
}

testWith(mounts())(
  "a full disk stops the master with the reason, and nothing is lost",
  async () => {
    const world = open()
    const small = mountSmall(`${world.path}/master`)
    try {
      const master = await world.master()
      const place = await world.place("agent")
      const agent = await world.agent(master, place)
      const marathon = new Marathon(master.marathonUrl)
      const before = await marathon.run({ id: "/kept", cmd: "sleep 600" })

      const empty = fill(`${world.path}/master`)
      let confirmed = 0
      const put = (): Promise<boolean> =>
        marathon
          .call("PUT", "/v2/apps/refused", {
            cmd: "sleep 600",
            instances: 0,
            env: { N: `${confirmed}` },
          })
          .then(({ status }) => status < 300)
          .catch(() => false)
      while (await put()) confirmed++
      expect(await master.exited).toBe(1)
      expect(master.output()).toContain(
        `the disk of ${world.path}/master/state.db is full: free some space and start again; nothing that was confirmed is lost`,
      )

      // Neither does a new one start there.
      const line = `master --work-dir ${world.path}/master/new --ip 127.0.0.1`
      const { code, stderr } = await world.dcos.run(line.split(" "))
      expect(code).toBe(1)
      expect(stderr).toContain("the disk is full: free some space and start again")

      empty()
      await world.master({ ports: master.ports })
      expect(await marathon.settled("/kept")).toEqual(before)
      if (confirmed > 0) {
        const { app } = await marathon.ok<{ app: { env: { N: string } } }>(
          "GET",
          "/v2/apps/refused",
        )
        expect(Number(app.env.N)).toBeGreaterThanOrEqual(confirmed - 1)
      }
      await marathon.removeAll()
      expect(agent.output()).not.toContain("error")
    } finally {
      small.umount()
    }
  },
)

testWith(mounts())("a full disk stops an agent with the reason, and its tasks run on", async () => {
  const world = open()
  const small = mountSmall(`${world.path}/agent`)
  try {
    const master = await world.master()
    const place = await world.place("agent")
    const agent = await world.agent(master, place)
    const marathon = new Marathon(master.marathonUrl)
    // What the agent could not store counts as a failed launch; that is not what is waited for here.
    const definition = { id: "/kept", cmd: "sleep 600", backoffSeconds: 0 }
    const [before] = await marathon.run(definition)

    const empty = fill(place.workDir)
    await marathon.ok("PUT", "/v2/apps/kept", { instances: 4 })
    expect(await agent.exited).toBe(1)
    expect(agent.output()).toContain(
      `the disk of ${place.workDir}/meta/agent.db is full: free some space and start again`,
    )
    empty()
    await world.agent(master, place)
    const after = await marathon.settled("/kept")
    expect(after).toHaveLength(4)
    expect(after.map(({ id }) => id)).toContain(before?.id ?? "")
    await marathon.removeAll()
  } finally {
    small.umount()
  }
})
