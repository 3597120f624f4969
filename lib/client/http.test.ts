import { describe, expect, test } from "bun:test"
import { Http, type Endpoint, type FetchOptions } from "./http.ts"

type Sent = { readonly url: string; readonly options: FetchOptions }

function httpTo(answer: () => Promise<Response> | Response, more: Partial<Endpoint> = {}) {
  const sent: Sent[] = []
  const lines: string[] = []
  const http = new Http({
    name: "Marathon",
    url: "http://m1/service/marathon",
    setting: "core.dcos_url",
    token: "t0",
    timeoutMs: 2_000,
    verify: true,
    userAgent: "dcos-cli/1 linux",
    fetch: async (url, options) => {
      sent.push({ url, options })
      return answer()
    },
    signal: new AbortController().signal,
    trace: (line) => lines.push(line),
    ...more,
  })
  return { http, sent, lines }
}

const failing = (error: Error) => () => Promise.reject(error)
const coded = (code: string, message = "Unable to connect") =>
  Object.assign(new Error(message), { code })

describe("a call", () => {
  test("carries token, agent, query and body, and shows itself when asked to", async () => {
    const { http, sent, lines } = httpTo(() => Response.json({ ok: 1 }))
    const query = { force: true, host: undefined, q: "a b" }
    expect(await http.json({ method: "PUT", path: "/x", query, json: { a: 1 } })).toEqual({ ok: 1 })
    expect(sent[0]?.url).toBe("http://m1/service/marathon/x?force=true&q=a%20b")
    expect(sent[0]?.options).toMatchObject({
      method: "PUT",
      body: '{"a":1}',
      headers: {
        Authorization: "token=t0",
        "User-Agent": "dcos-cli/1 linux",
        "Content-Type": "application/json",
      },
    })
    expect(lines).toEqual([
      "> PUT http://m1/service/marathon/x?force=true&q=a%20b",
      "< 200 http://m1/service/marathon/x?force=true&q=a%20b",
    ])
  })

  test("without token sends none, and an empty answer is undefined", async () => {
    const { http, sent } = httpTo(() => new Response(""), { token: undefined })
    expect(await http.json({ path: "/x" })).toBeUndefined()
    expect(sent[0]?.options.headers).not.toHaveProperty("Authorization")
    expect(sent[0]?.options.headers).not.toHaveProperty("Content-Type")
  })

  test("that may find nothing answers undefined for 404 only", async () => {
    const status = (code: number) => httpTo(() => new Response("", { status: code })).http
    expect(await status(404).jsonIfFound({ path: "/x" })).toBeUndefined()
    await expect(status(500).jsonIfFound({ path: "/x" })).rejects.toThrow("HTTP 500 error")
  })
})

describe("what went wrong", () => {
  test.each([
    ["refusal", coded("ConnectionRefused"), "the connection was refused"],
    [
      "TLS where there is none",
      coded("EPROTO"),
      "it does not speak TLS there; if it is not meant to, write http:// instead of https://",
    ],
    ["unknown host", coded("FailedToOpenSocket"), "there is no such host, or it cannot be reached"],
    ["cut", coded("ConnectionClosed"), "the connection was closed before an answer came"],
    ["deadline", new DOMException("late", "TimeoutError"), "no answer within 2 s (core.timeout)"],
    ["other fault", new Error("something new"), "something new"],
  ])("a %s names address, reason and setting", async (_, error, reason) => {
    const { http } = httpTo(failing(error))
    await expect(http.json({ path: "/ping" })).rejects.toThrow(
      `could not reach Marathon at http://m1/service/marathon/ping: ${reason}. Check that it runs; its address is the setting core.dcos_url (\`dcos config set core.dcos_url <url>\`)`,
    )
  })

  test("a certificate nobody trusts leads to core.ssl_verify", async () => {
    const { http } = httpTo(
      failing(coded("DEPTH_ZERO_SELF_SIGNED_CERT", "self signed certificate")),
    )
    await expect(http.json({ path: "/" })).rejects.toThrow(
      "dcos config set core.ssl_verify <value>",
    )
  })

  test("an answer that is no JSON hints at a wrong address", async () => {
    const { http } = httpTo(() => new Response("<html>"))
    await expect(http.json({ path: "/" })).rejects.toThrow(
      "check that core.dcos_url is the address of Marathon",
    )
  })

  test("an interrupted call says so and nothing of addresses", async () => {
    const { http } = httpTo(failing(new Error("aborted")), { signal: AbortSignal.abort() })
    await expect(http.json({ path: "/" })).rejects.toThrow(/^interrupted$/)
  })

  test.each([
    [401, {}, "authentication failed, please run `dcos auth login`"],
    [403, {}, "you are not authorized to perform this operation"],
    [403, { message: "no" }, "you are not authorized to perform this operation: no"],
    [400, { message: "Bad", details: "at line 1" }, "Bad: at line 1"],
    [
      422,
      {
        message: "Not valid",
        details: [
          { path: "/cpus", errors: ["a", "b"] },
          { path: "/id", errors: ["c"] },
        ],
      },
      "Not valid\n  /cpus: a, b\n  /id: c",
    ],
    [503, "gone", "HTTP 503 error"],
  ])("status %i with %j reads %j", async (status, body, message) => {
    const { http } = httpTo(() => Response.json(body, { status }))
    await expect(http.json({ path: "/" })).rejects.toThrow(message)
  })
})

test("a call ends when its deadline passes", async () => {
  const { http } = httpTo(() => new Response(""), {
    timeoutMs: 1,
    fetch: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error))
      }),
  })
  await expect(http.json({ path: "/" })).rejects.toThrow("no answer within 0.001 s (core.timeout)")
})
