/** A test that did not run, and why. */
export type Skipped = { readonly name: string; readonly reason: string }

/** The outcome of one run of tests, by name (file: group > test). */
export type Outcome = {
  readonly passed: number
  readonly failed: readonly string[]
  readonly skipped: readonly Skipped[]
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
}

const unescape = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, name?: string) =>
    code === undefined ? (entities[name ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
  )

const attribute = (tag: string, name: string): string =>
  unescape(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1] ?? "")

/** How the reporter calls the hooks of a group that is skipped as a whole: no tests. */
const HOOK_NAME = "(unnamed)"

/** A name that ends in " [skipped: reason]", as test/fixtures/system-parts.ts writes it. */
const skippedName = /^(.*?) \[skipped: (.*)\]$/s

const splitReason = (name: string): readonly [name: string, reason: string | undefined] => {
  const [, plain = name, reason] = skippedName.exec(name) ?? []
  return [plain, reason]
}

/** Reads the report of `bun test --reporter=junit`. Files that could not be loaded are not in it. */
export function parseJunit(xml: string): Outcome {
  let passed = 0
  const failed: string[] = []
  const skipped: Skipped[] = []
  for (const [, tag = "", body = ""] of xml.matchAll(
    /<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs,
  )) {
    const [group, groupWhy] = splitReason(attribute(tag, "classname"))
    const [plain, ownWhy] = splitReason(attribute(tag, "name"))
    const why = ownWhy ?? groupWhy
    const name = `${attribute(tag, "file")}: ${group === "" ? "" : `${group} > `}${plain}`
    if (/<(failure|error)\b/.test(body)) failed.push(name)
    else if (body.includes("<skipped")) {
      if (plain === HOOK_NAME) continue
      const told = attribute(/<skipped([^>]*)>/.exec(body)?.[1] ?? "", "message")
      skipped.push({ name, reason: why ?? (told === "" ? "no reason given" : told) })
    } else passed++
  }
  return { passed, failed, skipped }
}
