import { afterEach, beforeEach, expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { TestPlace, until } from "#lib/io/testing/containers.ts"
import { DockerDaemon } from "./daemon.ts"
import { Images, registryOf, withTag } from "./images.ts"

/** A pull as a daemon sees it. */
type Pull = { readonly query: string; readonly auth: string | null }

let place: TestPlace
let daemon: ReturnType<typeof Bun.serve>
let pulls: Pull[]
let present: Set<string>
let progress: object[]
let held: Promise<void> | undefined

beforeEach(() => {
  place = new TestPlace()
  pulls = []
  present = new Set()
  progress = [{ status: "Downloading" }]
  held = undefined
  daemon = Bun.serve({
    unix: `${place.root}/docker.sock`,
    fetch: async (request) => {
      const { pathname, searchParams } = new URL(request.url)
      if (pathname.endsWith("/json")) {
        const known = present.has(pathname.slice("/images/".length, -"/json".length))
        return Response.json(known ? {} : { message: "no such image" }, {
          status: known ? 200 : 404,
        })
      }
      const query = `${searchParams.get("fromImage")}:${searchParams.get("tag")}`
      pulls.push({ query, auth: request.headers.get("x-registry-auth") })
      await held
      return new Response(progress.map((line) => `${JSON.stringify(line)}\r\n`).join(""))
    },
  })
})
afterEach(async () => {
  await daemon.stop(true)
  place[Symbol.dispose]()
})

const images = new Images()

async function ensure(
  image: string,
  options: { force?: boolean; signal?: AbortSignal; configs?: string[] } = {},
): Promise<void> {
  const docker = await new DockerDaemon(`${place.root}/docker.sock`).client()
  const signal = new AbortController().signal
  await images.ensure({ docker, image, force: false, configs: [], signal, ...options })
}

test("pulls an image only when it is absent, or by force", async () => {
  present.add("there:latest")
  await ensure("there")
  expect(pulls).toEqual([])
  await ensure("there", { force: true })
  await ensure("absent")
  expect(pulls.map(({ query }) => query)).toEqual(["there:latest", "absent:latest"])
})

test("reports what the registry says", async () => {
  progress.push({ errorDetail: { message: "denied" }, error: "denied" })
  const failure = await ensure("secret:1").catch((cause: unknown) => cause)
  expect(String(failure)).toContain("denied")
})

test("pulls once for all who wait, and lets each give up", async () => {
  let release = (): void => {}
  held = new Promise((resolve) => (release = resolve))
  const abort = new AbortController()
  const first = ensure("slow:1")
  const second = ensure("slow:1", { signal: abort.signal })
  const refused = second.catch((cause: unknown) => String(cause))
  await until(() => pulls.length > 0)
  abort.abort()
  expect(await refused).toBe("Error: the launch was given up")
  release()
  await first
  expect(pulls).toHaveLength(1)
})

test("hands over the credentials that a sandbox brings", async () => {
  const config = `${place.root}/config.json`
  const auth = Buffer.from("user:pass:word").toString("base64")
  writeFileSync(config, JSON.stringify({ auths: { "registry.example:5000": { auth } } }))
  writeFileSync(`${place.root}/broken`, "{")
  const configs = [`${place.root}/none`, `${place.root}/broken`, config]
  await ensure("registry.example:5000/app:1", { configs })
  await ensure("other/app:1", { configs })
  const [own, other] = pulls.map((pull) => JSON.parse(atob(pull.auth ?? "e30=")) as object)
  expect(own).toEqual({
    username: "user",
    password: "pass:word",
    serveraddress: "registry.example:5000",
  })
  expect(other).toEqual({})
})

test("those who log in as others do not wait for each other's answers", async () => {
  const login = (user: string) =>
    JSON.stringify({ auths: { "here.example": { auth: btoa(`${user}:x`) } } })
  let release = (): void => {}
  held = new Promise((resolve) => (release = resolve))
  const all = ["a", "a", "b"].map((user) =>
    ensure("here.example/app:1", { configs: [login(user)] }),
  )
  await until(() => pulls.length === 2)
  release()
  await Promise.all(all)
  expect(pulls).toHaveLength(2)
})

test("completes image names and finds their registry", () => {
  expect(withTag("nginx")).toBe("nginx:latest")
  expect(withTag("host:5000/nginx")).toBe("host:5000/nginx:latest")
  expect(withTag("nginx@sha256:1")).toBe("nginx@sha256:1")
  expect(registryOf("nginx")).toBe("https://index.docker.io/v1/")
  expect(registryOf("library/nginx")).toBe("https://index.docker.io/v1/")
  expect(registryOf("host:5000/nginx")).toBe("host:5000")
  expect(registryOf("quay.io/a/b:1")).toBe("quay.io")
})
