import { describe, expect, test } from "bun:test"
import { Http } from "../http.ts"
import { MesosClient, sandboxOf } from "./client.ts"
import { readOn, readTail } from "./log.ts"

const agent = { id: "S1", hostname: "a1", pid: "slave(1)@10.0.0.1:5051" }
const file = { agent, path: "/f" }

/** An agent with one file, which counts the reads. */
function agentWith(content: { text: string | undefined }) {
  const lengths: number[] = []
  const http = new Http({
    name: "agent",
    url: "http://a1",
    setting: "core.dcos_url",
    token: undefined,
    timeoutMs: undefined,
    verify: true,
    userAgent: "test",
    signal: new AbortController().signal,
    trace: undefined,
    fetch: async (url) => {
      const query = new URL(url).searchParams
      if (content.text === undefined) return new Response("", { status: 404 })
      const bytes = new TextEncoder().encode(content.text)
      const offset = query.get("offset")
      if (offset === null) return Response.json({ data: "", offset: bytes.length })
      const length = Number(query.get("length"))
      lengths.push(length)
      const data = new TextDecoder().decode(bytes.slice(Number(offset), Number(offset) + length))
      return Response.json({ data, offset: Number(offset) })
    },
  })
  return { mesos: new MesosClient(http, () => http), lengths }
}

const lines = (count: number, width = 0) =>
  Array.from({ length: count }, (_, i) => `${i + 1} ${"x".repeat(width)}\n`).join("")

describe("the tail of a file", () => {
  test.each([
    [lines(30), 2, "29 \n30 \n"],
    [lines(3), 10, lines(3)],
    ["a\nb", 1, "b"],
    ["", 10, ""],
    ["\n\n", 1, "\n"],
    [lines(5), 0, ""],
    [lines(3), Number.POSITIVE_INFINITY, lines(3)],
  ])("of %j with %i lines", async (text, count, expected) => {
    const { mesos } = agentWith({ text })
    expect(await readTail(mesos, file, count)).toEqual({ text: expected, end: text.length })
  })

  test("spans as many pieces as it takes, and no more", async () => {
    const { mesos, lengths } = agentWith({ text: lines(3_000, 100) })
    const tail = await readTail(mesos, file, 1_000)
    expect(tail?.text.split("\n")).toHaveLength(1_001)
    expect(lengths).toEqual([65_536, 65_536])
  })

  test("of no file is undefined", async () => {
    expect(await readTail(agentWith({ text: undefined }).mesos, file, 1)).toBeUndefined()
  })
})

describe("what was written since", () => {
  test("is read by bytes, whatever the characters", async () => {
    const content = { text: "é" }
    const { mesos } = agentWith(content)
    expect(await readOn(mesos, file, 0)).toEqual({ text: "é", end: 2 })
    content.text += "ü!"
    expect(await readOn(mesos, file, 2)).toEqual({ text: "ü!", end: 5 })
    expect(await readOn(mesos, file, 5)).toEqual({ text: "", end: 5 })
  })

  test("starts anew when the file was rotated", async () => {
    expect(await readOn(agentWith({ text: "new\n" }).mesos, file, 900)).toEqual({
      text: "new\n",
      end: 4,
    })
  })

  test("comes in bounded parts", async () => {
    const { mesos } = agentWith({ text: "x".repeat(3 * 1024 * 1024) })
    expect((await readOn(mesos, file, 0))?.end).toBe(1024 * 1024)
  })
})

describe("the sandbox of a task", () => {
  const task = { id: "t", name: "t", state: "TASK_RUNNING", framework_id: "F", slave_id: "S1" }

  test("is that of its executor, which is named like it unless it has one", () => {
    expect(sandboxOf(task)).toBe("/frameworks/F/executors/t/runs/latest")
    expect(sandboxOf({ ...task, executor_id: "e" })).toBe("/frameworks/F/executors/e/runs/latest")
  })

  test("of a nested container is inside its parents'", () => {
    const container_id = { value: "c", parent: { value: "b", parent: { value: "a" } } }
    const statuses = [{ container_status: { container_id } }]
    expect(sandboxOf({ ...task, executor_id: "e", statuses })).toBe(
      "/frameworks/F/executors/e/runs/latest/containers/b/containers/c",
    )
  })
})
