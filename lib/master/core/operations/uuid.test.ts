import { expect, test } from "bun:test"
import { operationUuid } from "./uuid.ts"

test("uuids are 16 bytes that no other operation has, of this master or another", () => {
  const all = ["M1", "M2", "1M"].flatMap((master) =>
    [0, 1, 255, 256, 0x1_0000_0000].map((serial) => operationUuid(master, serial)),
  )
  expect(new Set(all).size).toBe(all.length)
  for (const uuid of all) expect(atob(uuid).length).toBe(16)
  expect(operationUuid("M1", 7)).toBe(operationUuid("M1", 7))
})
