import { expect, test } from "bun:test"
import { answerHello, endHello, helloAddress, helloFacts, renderHello } from "./hello.ts"

const facts = helloFacts(
  {
    MESOS_TASK_ID: "helloworld.1",
    MARATHON_APP_ID: "/helloworld",
    HOST: "n1",
    HELLO_MESSAGE: "<Hi>",
  },
  31005,
)

test("the page names the instance, its host and its port", () => {
  const page = renderHello(facts)
  expect(page).toContain("helloworld.1")
  expect(page).toContain("n1:31005")
})

test("the message cannot carry markup", () => {
  expect(renderHello(facts)).toContain("<h1>&lt;Hi&gt;</h1>")
})

test("answers health, JSON for those who ask, and 404 for the rest", async () => {
  const ask = (path: string, accept = "*/*"): Response =>
    answerHello(facts, new Request(`http://n1${path}`, { headers: { accept } }))
  expect(await ask("/health").text()).toBe("ok\n")
  expect(await ask("/", "application/json").json()).toMatchObject({
    instance: "helloworld.1",
    port: 31005,
  })
  expect(ask("/").headers.get("content-type")).toContain("text/html")
  expect(ask("/nothing").status).toBe(404)
})

test("a node on loopback is served there only", () => {
  expect(helloAddress("127.0.0.3")).toBe("127.0.0.3")
  expect(helloAddress("localhost")).toBe("127.0.0.1")
  expect(helloAddress("node1.example.com")).toBe("0.0.0.0")
  expect(helloAddress(undefined)).toBe("0.0.0.0")
})

test("answers on for a moment before it takes no more connections", async () => {
  const calls: string[] = []
  const server = {
    hostname: "127.0.0.1",
    port: 1,
    drain: async () => void calls.push("drain"),
    stop: async () => void calls.push("stop"),
  }
  const ended = endHello(server)
  await Promise.resolve()
  expect(calls).toEqual([])
  await ended
  expect(calls).toEqual(["drain", "stop"])
})
