import { describe, expect, test } from "bun:test"
import { acceptRefusal, contentTypeRefusal } from "./negotiation.ts"

describe("Content-Type", () => {
  test.each<[string | null, number | undefined]>([
    ["application/json", undefined],
    ["Application/JSON; charset=utf-8", undefined],
    [null, 400],
    ["", 400],
    ["application/x-protobuf", 415],
    ["text/plain", 415],
    ["application/jsonp", 415],
  ])("%p", (header, status) => {
    expect(contentTypeRefusal(header)?.status).toBe(status as 400)
  })

  test("protobuf is refused by its name", () => {
    expect(contentTypeRefusal("application/x-protobuf")?.message).toContain(
      "application/x-protobuf is not supported yet",
    )
  })
})

describe("Accept", () => {
  test.each([
    [null, true],
    ["", true],
    ["application/json", true],
    ["*/*", true],
    ["application/*", true],
    ["text/html, application/json;q=0.5", true],
    ["application/x-protobuf, */*", true],
    ["application/x-protobuf", false],
    ["text/html", false],
    ["application/json;q=0", false],
    ["application/json;q=0, */*", false],
    ["*/*;q=0, application/json", true],
  ])("%p is served: %p", (header, served) => {
    expect(acceptRefusal(header) === undefined).toBe(served)
  })
})
