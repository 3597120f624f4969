import { expect, test } from "bun:test"
import { nestedContainerId } from "#lib/agent/core/statuses.ts"
import { depthOf, livesIn, nameOf, parentOf, parseContainerId, rootOf } from "./container-id.ts"

const nested = (...parts: readonly string[]) =>
  parts.reduce<Parameters<typeof parseContainerId>[0] | undefined>(
    (parent, value) => (parent === undefined ? { value } : { value, parent }),
    undefined,
  )!

test("an id of the API is told as root.child.grandchild, and back", () => {
  const parsed = parseContainerId(nested("root", "child", "grandchild"))
  expect(parsed).toEqual({ ok: true, value: "root.child.grandchild" as never })
  if (!parsed.ok) return
  expect(nestedContainerId(parsed.value)).toEqual(nested("root", "child", "grandchild"))
  expect(parentOf(parsed.value)).toBe("root.child" as never)
  expect(rootOf(parsed.value)).toBe("root" as never)
  expect(nameOf(parsed.value)).toBe("grandchild")
  expect(depthOf(parsed.value)).toBe(2)
  expect(livesIn(parsed.value, "root" as never)).toBe(true)
  expect(livesIn("rooted" as never, "root" as never)).toBe(false)
})

test.each([
  [nested(""), "ID must not be empty"],
  [nested("a".repeat(243)), "ID must not be greater than 242 characters"],
  [nested("a.b"), "'ContainerID.value' 'a.b' contains invalid characters"],
  [nested("a b"), "'ContainerID.value' 'a b' contains invalid characters"],
  [nested("../x"), "'ContainerID.value' '../x' contains invalid characters"],
  [nested("a\n"), "'ContainerID.value' 'a\n' contains invalid characters"],
  [
    nested("a/", "b"),
    "'ContainerID.parent' is invalid: 'ContainerID.value' 'a/' contains invalid characters",
  ],
  [
    nested(...Array.from({ length: 40 }, () => "x")),
    "containers can be nested 32 levels deep, not deeper",
  ],
  [
    nested(...Array.from({ length: 7 }, () => "a".repeat(36))),
    "ID must not be greater than 242 bytes together with those of its parents",
  ],
  [
    nested("é".repeat(122)),
    "ID must not be greater than 242 bytes together with those of its parents",
  ],
])("%j is refused", (given, error) => {
  expect(parseContainerId(given)).toEqual({ ok: false, error })
})

test("the longest parts pass", () => {
  expect(parseContainerId(nested("a".repeat(242))).ok).toBe(true)
  const six = nested(...Array.from({ length: 6 }, () => "a".repeat(36)))
  expect(parseContainerId(six).ok).toBe(true)
})
