/** How metrics named by paths become families with labels. */
export type PrometheusOptions = {
  /** Put before the name of every family, such as "mesos_". */
  readonly prefix: string
  /**
   * Paths with labels in them, the first that matches decides: `{label}` stands for one segment
   * (percent-encoded), `{label...}` for one or more as they are, a last `*` for any rest, which
   * becomes part of the family's name.
   */
  readonly templates: readonly string[]
  /** Whether the metric of this path only grows; all others are gauges. */
  isCounter(path: string): boolean
}

/** The media type of the text format. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

type Family = {
  readonly help: string
  readonly type: "counter" | "gauge"
  /** Value by labels as text: a series is shown once, whatever paths led to it. */
  readonly series: Map<string, number>
}

/**
 * Metrics by path, such as "master/tasks_running", in the text format of Prometheus: families by
 * name, each with its HELP and TYPE. Source: prometheus.io: docs/instrumenting/exposition_formats.
 */
export function prometheusText(
  metrics: Readonly<Record<string, number>>,
  options: PrometheusOptions,
): string {
  const templates = options.templates.map(compile)
  const families = new Map<string, Family>()
  for (const [path, value] of Object.entries(metrics)) {
    const { words, labels } = split(path, templates)
    const name = familyName(options.prefix + words)
    let family = families.get(name)
    if (family === undefined) {
      const type = options.isCounter(path) ? "counter" : "gauge"
      families.set(name, (family = { help: words, type, series: new Map() }))
    }
    if (!family.series.has(labels)) family.series.set(labels, value)
  }
  const names = [...families.keys()].sort()
  return names.map((name) => familyText(name, families.get(name))).join("")
}

function familyText(name: string, family: Family | undefined): string {
  if (family === undefined) return ""
  const head = `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`
  const lines = [...family.series].map(([labels, value]) => `${name}${labels} ${number(value)}\n`)
  return head + lines.join("")
}

type Template = { readonly pattern: RegExp; readonly parts: readonly Part[] }
type Part = { readonly kind: "literal" | "segment" | "path" | "rest"; readonly text: string }

function compile(template: string): Template {
  const parts = template.split("/").map((text): Part => {
    if (text === "*") return { kind: "rest", text }
    if (text.endsWith("...}")) return { kind: "path", text: text.slice(1, -4) }
    if (text.startsWith("{")) return { kind: "segment", text: text.slice(1, -1) }
    return { kind: "literal", text }
  })
  const sources = parts.map(({ kind, text }) => {
    if (kind === "literal") return `(${text.replace(/[^\w]/g, "\\$&")})`
    return kind === "segment" ? "([^/]+)" : "(.+)"
  })
  return { pattern: new RegExp(`^${sources.join("/")}$`), parts }
}

function split(path: string, templates: readonly Template[]): { words: string; labels: string } {
  for (const { pattern, parts } of templates) {
    const found = pattern.exec(path)
    if (found === null) continue
    const words: string[] = []
    const labels: string[] = []
    for (const [index, { kind, text }] of parts.entries()) {
      const value = found[index + 1] ?? ""
      if (kind === "literal" || kind === "rest") words.push(value)
      else labels.push(`${text}="${escapeLabel(kind === "segment" ? decoded(value) : value)}"`)
    }
    return { words: words.join("/"), labels: `{${labels.join(",")}}` }
  }
  return { words: path, labels: "" }
}

/** As it is where it is no percent-encoding after all. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

const familyName = (text: string): string =>
  text.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?=\d)/, "_")

const escapeHelp = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")

const escapeLabel = (text: string): string => escapeHelp(text).replace(/"/g, '\\"')

function number(value: number): string {
  if (value === Infinity) return "+Inf"
  return value === -Infinity ? "-Inf" : String(value)
}
