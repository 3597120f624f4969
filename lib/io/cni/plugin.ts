import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { errorText } from "#lib/io/host/files.ts"
import { Tail } from "#lib/io/host/tail.ts"
import { isObject } from "./network.ts"
import type { JsonObject } from "./network.ts"

/** How long one plugin may take: address services on a network may have to wait for an answer. */
export const PLUGIN_TIMEOUT_MS = 60_000

/** More than any plugin's answer. */
const ANSWER_BYTES_MAX = 1024 * 1024
const COMPLAINT_BYTES_MAX = 1024

/** How long output that is still on its way is waited for once the plugin has ended. */
const OUTPUT_DEADLINE_MS = 1000

/** Where plugins find their own tools, beside the agent's PATH. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** One call of a plugin. */
export type PluginCall = {
  readonly command: "ADD" | "DEL"
  readonly containerId: string
  /** Path of the network namespace; "" where it is gone. */
  readonly namespace: string
  readonly interfaceName: string
  /** Where plugins lie; the first that has one counts. */
  readonly directories: readonly string[]
  readonly config: JsonObject & { readonly type: string }
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** The program of a plugin; undefined where no directory has it. */
export const findPlugin = (type: string, directories: readonly string[]): string | undefined =>
  Bun.which(type, { PATH: directories.join(":") }) ?? undefined

/**
 * Runs a plugin with its configuration as input. The value is what it answered, undefined for nothing;
 * the error a text for people. It ends with the deadline and with the signal, whatever it started too.
 * Source: containernetworking/cni: SPEC.md (execution protocol).
 */
export async function callPlugin(call: PluginCall): Promise<Result<unknown, string>> {
  const { config, directories } = call
  const program = findPlugin(config.type, directories)
  if (program === undefined)
    return err(`no plugin '${config.type}' is in ${directories.join(" or ")}: install it there`)
  try {
    return await run(program, call)
  } catch (cause) {
    return err(`plugin '${config.type}' cannot be run: ${errorText(cause)}`)
  }
}

async function run(program: string, call: PluginCall): Promise<Result<unknown, string>> {
  const { command, config, directories, signal, timeoutMs } = call
  const child = Bun.spawn([program], {
    // A group of its own, so that all of it can be ended.
    detached: true,
    env: {
      PATH: [process.env["PATH"], SYSTEM_PATH].filter(Boolean).join(":"),
      CNI_COMMAND: command,
      CNI_CONTAINERID: call.containerId,
      CNI_NETNS: call.namespace,
      CNI_IFNAME: call.interfaceName,
      CNI_PATH: directories.join(":"),
    },
    stdin: new Blob([JSON.stringify(config)]),
    stdout: "pipe",
    stderr: "pipe",
  })
  let ended: "late" | "given up" | undefined
  const end = (why: typeof ended) => () => {
    ended ??= why
    killGroup(child.pid)
  }
  const [late, givenUp] = [end("late"), end("given up")]
  const timer = setTimeout(late, timeoutMs)
  signal?.addEventListener("abort", givenUp)
  if (signal?.aborted) givenUp()
  const answer = new Tail(ANSWER_BYTES_MAX)
  const complaint = new Tail(COMPLAINT_BYTES_MAX)
  const reading = [answer.follow(child.stdout), complaint.follow(child.stderr)]
  await child.exited
  clearTimeout(timer)
  signal?.removeEventListener("abort", givenUp)
  await Promise.race([Promise.all(reading), Bun.sleep(OUTPUT_DEADLINE_MS)])
  const failed = (why: string): Result<never, string> =>
    err(`plugin '${config.type}' failed to ${command}: ${why}`)
  if (ended === "given up") return failed("the launch was given up")
  if (ended === "late") return failed(`it did not end within ${timeoutMs / 1000} seconds`)
  const json = parseJson(answer.text())
  if (child.exitCode !== 0)
    return failed(complaintOf(json) || complaint.text().trim() || died(child))
  if (json === UNREADABLE) return failed(`it answered no JSON: ${answer.text().slice(0, 200)}`)
  return ok(json)
}

const UNREADABLE = Symbol("unreadable")

function parseJson(text: string): unknown {
  if (text.trim() === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return UNREADABLE
  }
}

/** Plugins say why they failed in `msg`, with more about it in `details`. */
function complaintOf(json: unknown): string {
  if (!isObject(json)) return ""
  const texts = [json["msg"], json["details"]]
  return texts.filter((text) => typeof text === "string" && text !== "").join(": ")
}

const died = (child: Bun.Subprocess): string =>
  child.signalCode === null
    ? `it exited with ${child.exitCode}`
    : `it was ended by ${child.signalCode}`

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It has ended by itself.
  }
}
