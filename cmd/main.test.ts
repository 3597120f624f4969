/** The entry as a process of its own, against a server on a real socket. */
import { afterAll, afterEach, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folders: string[] = []
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  routes: {
    "/service/marathon/v2/apps": Response.json({ apps: [{ id: "/web", cmd: "serve" }] }),
    "/service/marathon/v2/apps/": async (request) => {
      const { id } = (await request.json()) as { id: string }
      return Response.json({ id, deployments: [{ id: "d-1" }] }, { status: 201 })
    },
    "/service/marathon/v2/deployments": Response.json([]),
    "/service/marathon/v2/queue": Response.json({ queue: [] }),
  },
  fetch: () => Response.json({ message: "not found" }, { status: 404 }),
})
afterAll(() => server.stop(true))
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** The home of somebody who has never used the client. */
function newHome(): string {
  const folder = mkdtempSync(join(tmpdir(), "dcos-"))
  folders.push(folder)
  return folder
}

async function run(home: string, words: readonly string[], input = "") {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home }
  const main = join(import.meta.dir, "main.ts")
  const child = Bun.spawn([process.execPath, main, ...words], {
    env,
    stdin: new Blob([input]),
    stderr: "pipe",
  })
  const [out, errors] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return { code: await child.exited, out, errors }
}

test("a user sets the address and works with apps", async () => {
  const home = newHome()
  const dcos = (words: readonly string[], input?: string) => run(home, words, input)
  const address = server.url.origin
  expect(await dcos(["config", "set", "core.dcos_url", address])).toEqual({
    code: 0,
    out: "",
    errors: "",
  })
  expect((await dcos(["config", "show", "core.dcos_url"])).out).toBe(`${address}\n`)
  expect((await dcos(["marathon", "app", "list", "-q"])).out).toBe("/web\n")
  expect((await dcos(["marathon", "app", "list"])).out).toContain("/web")
  const added = await dcos(["marathon", "app", "add"], '{"id":"/new"}')
  expect(added).toEqual({ code: 0, out: "Created deployment d-1\n", errors: "" })
})

test("help and failures end with the right code on the right stream", async () => {
  const home = newHome()
  const dcos = (words: readonly string[]) => run(home, words)
  await dcos(["config", "set", "core.dcos_url", server.url.origin])
  const help = await dcos(["help"])
  expect(help).toMatchObject({ code: 0, errors: "" })
  expect(help.out).toContain("    marathon\n")
  expect(await dcos(["marathon", "app", "show", "nope"])).toEqual({
    code: 1,
    out: "",
    errors: "Error: App '/nope' does not exist\n",
  })
})
