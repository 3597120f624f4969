import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdirSync, writeFileSync } from "node:fs"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { findPlugin } from "./plugin-discovery.ts"

let place: TestPlace
let etc: string
beforeEach(() => {
  place = new TestPlace()
  etc = `${place.root}/etc`
  mkdirSync(etc)
})
afterEach(() => place[Symbol.dispose]())

const find = (name: string) =>
  findPlugin(name, { sockets: `${place.root}/run`, descriptions: [etc] }).catch(String)

test("a socket comes before a description", async () => {
  writeFileSync(`${etc}/nfs.spec`, "unix:///elsewhere.sock\n")
  expect(await find("nfs")).toEqual({ socket: "/elsewhere.sock" })
  const socket = `${place.root}/run/nfs.sock`
  const server = Bun.serve({ unix: socket, fetch: () => new Response("") })
  expect(await find("nfs")).toEqual({ socket })
  await server.stop(true)
})

test("descriptions name addresses, in JSON with certificates", async () => {
  writeFileSync(`${etc}/a.spec`, "tcp://10.0.0.1:8080")
  expect(await find("a")).toEqual({ url: "http://10.0.0.1:8080" })
  writeFileSync(`${etc}/ca.pem`, "CA")
  const tls = { InsecureSkipVerify: false, CAFile: `${etc}/ca.pem` }
  mkdirSync(`${etc}/b`)
  writeFileSync(`${etc}/b/b.json`, JSON.stringify({ Addr: "https://host/", TLSConfig: tls }))
  expect(await find("b")).toEqual({ url: "https://host", tls: { ca: "CA" } })
})

test("what is missing or wrong is told with the place to mend", async () => {
  expect(await find("gone")).toContain(`there is no ${place.root}/run/gone.sock, and neither gone`)
  writeFileSync(`${etc}/bad.spec`, "nonsense")
  expect(await find("bad")).toContain(`${etc}/bad.spec must hold an address`)
  writeFileSync(`${etc}/json.json`, "{")
  expect(await find("json")).toContain("is no JSON")
  writeFileSync(`${etc}/empty.json`, "{}")
  expect(await find("empty")).toContain("must say the plugin's Addr")
  for (const name of ["../x", "", "a/b"]) expect(await find(name)).toContain("cannot be the name")
})
