import { expect, test } from "bun:test"
import { networkInterfaces } from "node:os"
import { OwnAddresses } from "./own-addresses.ts"

/** A machine with these addresses, and how often it was asked for them. */
function machine(...addresses: string[]) {
  const state = { now: 0, asked: 0, addresses }
  const own = new OwnAddresses(
    () => {
      state.asked++
      return state.addresses
    },
    () => state.now,
  )
  return { own, state }
}

test.each(["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])("%s is of any machine", (peer) => {
  const { own, state } = machine()
  expect([own.has(peer), state.asked]).toEqual([true, 0])
})

test.each(["10.0.0.7", "::ffff:10.0.0.7", "::FFFF:10.0.0.7", "fe80::1", "fe80::1%eth0"])(
  "%s is its own",
  (peer) => {
    expect(machine("10.0.0.7", "fe80::1").own.has(peer)).toBe(true)
  },
)

test.each(["10.0.0.8", "::ffff:10.0.0.8", "fe80::2", "1270.0.0.1", ""])(
  "%p is another's",
  (peer) => {
    expect(machine("10.0.0.7", "fe80::1").own.has(peer)).toBe(false)
  },
)

test("an address that is new is its own within a second, and strangers cost nothing", () => {
  const { own, state } = machine("10.0.0.7")
  for (let tries = 0; tries < 100; tries++) expect(own.has("10.0.0.9")).toBe(false)
  expect(state.asked).toBe(1)
  state.addresses = ["10.0.0.9"]
  state.now = 1_000
  expect(own.has("10.0.0.9")).toBe(true)
  expect(own.has("10.0.0.7")).toBe(false)
  expect(state.asked).toBe(2)
})

test("the addresses of this machine are its own", () => {
  const own = new OwnAddresses()
  for (const list of Object.values(networkInterfaces()))
    for (const { address } of list ?? []) expect(own.has(address)).toBe(true)
})
