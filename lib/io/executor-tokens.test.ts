import { expect, test } from "bun:test"
import type { ExecutorClaims } from "#lib/ports/index.ts"
import { SignedExecutorTokens } from "./executor-tokens.ts"

const claims = { frameworkId: "f", executorId: "é", containerId: "c" } as unknown as ExecutorClaims
const tokens = new SignedExecutorTokens("secret")

test("a token tells who shows it, also to the next life with the same secret", () => {
  const token = tokens.issue(claims)
  expect(tokens.read(token)).toEqual(claims)
  expect(new SignedExecutorTokens("secret").read(token)).toEqual(claims)
})

test("it is a JSON Web Token with the claims of Mesos", () => {
  const [header = "", body = ""] = tokens.issue(claims).split(".")
  const parts = [header, body].map((part) => Buffer.from(part, "base64url").toString())
  expect(parts.map((part) => JSON.parse(part) as unknown)).toEqual([
    { alg: "HS256", typ: "JWT" },
    { fid: "f", eid: "é", cid: "c" },
  ])
})

const token = tokens.issue(claims)
const [header, body = "", signature] = token.split(".")
const others = Buffer.from(JSON.stringify({ fid: "f", eid: "other", cid: "c" })).toString(
  "base64url",
)
const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")

test.each([
  "",
  "x",
  `${header}.${body}`,
  `${header}.${body}.`,
  `${header}.${others}.${signature}`,
  `${unsigned}.${body}.`,
  `${unsigned}.${body}.${signature}`,
  `${token}.x`,
  `${token}AA`,
  token.slice(0, -4),
  new SignedExecutorTokens("other").issue(claims),
])("%p is nobody's", (text) => {
  expect(tokens.read(text)).toBeUndefined()
})
