import { expect, test } from "bun:test"
import { listeningPorts, parseListening } from "./listening-ports.ts"

test("sockets that listen are told from those that are connected", () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0
   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0
`
  expect([...parseListening(text)]).toEqual([["4242", 8080]])
})

test("a process listens on its ports, whatever the address, until it stops", async () => {
  const before = listeningPorts([process.pid])
  const servers = ["127.0.0.1", "::1"].map((hostname) =>
    Bun.serve({ hostname, port: 0, fetch: () => new Response() }),
  )
  const ports = servers.map(({ port = 0 }) => port)
  expect(listeningPorts([process.pid])).toEqual([...before, ...ports].toSorted((a, b) => a - b))
  expect(listeningPorts([1_000_000_000])).toEqual([])
  await Promise.all(servers.map((server) => server.stop(true)))
  expect(listeningPorts([process.pid])).not.toContain(ports[0])
})
