import { expect, test } from "bun:test"
import { MemoryLink } from "./memory-link.ts"

function connect() {
  const heard: string[] = []
  const link = new MemoryLink(
    {
      opened: (name) => heard.push(`master opened ${name}`),
      received: (name, messages) => heard.push(`master ${name} ${messages[0]?.kind}`),
      closed: (name) => heard.push(`master closed ${name}`),
    },
    {
      opened: () => heard.push("agent opened"),
      received: (messages) => heard.push(`agent ${messages[0]?.kind}`),
      closed: () => heard.push("agent closed"),
    },
  )
  return { link, heard }
}

test("carries messages both ways while it is open", () => {
  const { link, heard } = connect()
  link.send([{ kind: "unregister" }])
  link.start()
  link.send([{ kind: "unregister" }])
  link.deliver("local-1", [{ kind: "ping", sequence: 1 }])
  link.deliver("local-9", [{ kind: "ping", sequence: 2 }])
  expect(heard).toEqual([
    "master opened local-1",
    "agent opened",
    "master local-1 unregister",
    "agent ping",
  ])
})

test("opens under a new name after a reconnect, and stays closed after stop", () => {
  const { link, heard } = connect()
  link.start()
  heard.length = 0
  link.reconnect()
  link.stop()
  link.reconnect()
  expect(heard).toEqual([
    "master closed local-1",
    "agent closed",
    "master opened local-2",
    "agent opened",
    "master closed local-2",
    "agent closed",
  ])
})
