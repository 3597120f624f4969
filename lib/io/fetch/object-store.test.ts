import { afterEach, expect, test } from "bun:test"
import { createHash, createHmac } from "node:crypto"
import { readFileSync } from "node:fs"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { ObjectStore } from "./object-store.ts"

const KEY = "AKEXAMPLE"
const SECRET = "secret/with+signs"

let server: ReturnType<typeof Bun.serve> | undefined
afterEach(async () => {
  await server?.stop(true)
})

/** The signature that a request for a signed URL must carry, computed apart from any client. */
function signatureOf(url: URL, secret: string): string {
  const query = url.searchParams
  const [, date = "", region = "", service = ""] = (query.get("X-Amz-Credential") ?? "").split("/")
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
  const canonicalQuery = [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&")
  const request = `GET\n${url.pathname}\n${canonicalQuery}\nhost:${url.host}\n\nhost\nUNSIGNED-PAYLOAD`
  const scope = `${date}/${region}/${service}/aws4_request`
  const hash = createHash("sha256").update(request).digest("hex")
  const text = `AWS4-HMAC-SHA256\n${query.get("X-Amz-Date")}\n${scope}\n${hash}`
  let key: string | Buffer = `AWS4${secret}`
  for (const part of [date, region, service, "aws4_request"])
    key = createHmac("sha256", key).update(part).digest()
  return createHmac("sha256", key).update(text).digest("hex")
}

/** A bucket "data" with one object, open to whoever has the key; "public" to all. */
function serveBuckets(): string {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const url = new URL(request.url)
      const refuse = (code: string): Response =>
        new Response(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, { status: 403 })
      if (url.pathname === "/public/file") return new Response("for all")
      if (!url.searchParams.has("X-Amz-Signature")) return refuse("AccessDenied")
      if (url.searchParams.get("X-Amz-Signature") !== signatureOf(url, SECRET))
        return refuse("SignatureDoesNotMatch")
      const path = decodeURIComponent(url.pathname)
      return path === "/data/dir/a b+c.txt" ? new Response("signed") : refuse("NoSuchKey")
    },
  })
  return `http://127.0.0.1:${server.port}`
}

async function load(store: ObjectStore, uri: string): Promise<string> {
  using place = new TestPlace()
  const path = `${place.root}/file`
  const { signal } = new AbortController()
  try {
    await store.load({ uri, path, asUser: [], signal, claim: () => {} })
    return readFileSync(path, "utf8")
  } catch (cause) {
    return String(cause)
  }
}

test("signs requests when there are keys, and not when there are none", async () => {
  const endpoint = serveBuckets()
  const limits = { stallMs: 5000, retryMs: 1 }
  const keys = { accessKeyId: KEY, secretAccessKey: SECRET }
  const signed = new ObjectStore({ endpoint, region: "eu-central-1", ...keys }, limits)
  for (const scheme of ["s3", "s3a", "s3n"])
    expect(await load(signed, `${scheme}://data/dir/a b+c.txt`)).toBe("signed")
  expect(await load(signed, "s3://data/gone")).toContain("the server answered 403 (NoSuchKey)")
  const wrong = new ObjectStore({ endpoint, ...keys, secretAccessKey: "other" }, limits)
  expect(await load(wrong, "s3://data/dir/a b+c.txt")).toContain("(SignatureDoesNotMatch)")
  const open = new ObjectStore({ endpoint }, limits)
  expect(await load(open, "s3://public/file")).toBe("for all")
  expect(await load(open, "s3://data/file")).toContain("(AccessDenied)")
})

test("refuses what names no object", async () => {
  const store = new ObjectStore({}, { stallMs: 5000 })
  for (const bad of ["s3://bucket", "s3://bucket/", "s3:///key"])
    expect(await load(store, bad)).toContain("s3://bucket/path/to/file")
})
