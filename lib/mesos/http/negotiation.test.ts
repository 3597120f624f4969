import { describe, expect, test } from "bun:test"
import { acceptedType, contentType } from "./negotiation.ts"

const json = "application/json"
const protobuf = "application/x-protobuf"

describe("Content-Type", () => {
  test.each<[string | null, string | number]>([
    [json, json],
    ["Application/JSON; charset=utf-8", json],
    [protobuf, protobuf],
    ["application/X-Protobuf; messageType=mesos.v1.scheduler.Call", protobuf],
    [null, 400],
    ["", 400],
    ["text/plain", 415],
    ["application/jsonp", 415],
    ["application/protobuf", 415],
  ])("%p: %p", (header, outcome) => {
    const type = contentType(header)
    expect(type.ok ? type.value : type.error.status).toBe(outcome as 400)
  })
})

describe("Accept", () => {
  test.each<[string | null, string | undefined]>([
    [null, json],
    ["", json],
    [json, json],
    ["*/*", json],
    ["application/*", json],
    ["text/html, application/json;q=0.5", json],
    ["application/x-protobuf, */*", json],
    ["application/x-protobuf, application/json;q=0.1", json],
    [protobuf, protobuf],
    ["application/X-Protobuf;q=0.2, text/html", protobuf],
    ["application/json;q=0, */*", protobuf],
    ["application/json;q=0, application/*", protobuf],
    ["*/*;q=0, application/json", json],
    ["*/*;q=0, application/x-protobuf", protobuf],
    ["application/json;q=0, application/x-protobuf;q=0, */*", undefined],
    ["application/json;q=0", undefined],
    ["application/protobuf", undefined],
    ["text/html", undefined],
  ])("%p: %p", (header, outcome) => {
    const type = acceptedType(header)
    expect(type.ok ? type.value : undefined).toBe(outcome as "application/json")
  })
})
