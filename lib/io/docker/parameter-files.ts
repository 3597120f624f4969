import { readFile, stat } from "node:fs/promises"
import { resolve } from "node:path"
import { errorText } from "#lib/io/host/files.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { optionName } from "./parameters.ts"
import type { Parameter } from "./parameters.ts"

/** Larger files are no lists of variables and no profiles. */
const FILE_BYTES_MAX = 1024 * 1024

/**
 * The parameters with those that name files replaced by what is in them, as Docker's command line reads
 * them before it asks the daemon. Paths that are relative lie in the sandbox. Source: docker/cli: opts.
 */
export async function readParameterFiles(
  parameters: readonly Parameter[],
  sandbox: string,
): Promise<Result<readonly Parameter[], string>> {
  const all: Parameter[] = []
  for (const parameter of parameters)
    try {
      all.push(...(await expanded(parameter, sandbox)))
    } catch (cause) {
      const { key, value } = parameter
      return err(`Docker parameter '${key}' names '${value}': ${errorText(cause)}`)
    }
  return ok(all)
}

async function expanded(parameter: Parameter, sandbox: string): Promise<readonly Parameter[]> {
  const { key, value } = parameter
  const lines = async (option: string): Promise<readonly Parameter[]> =>
    (await contentOf(resolve(sandbox, value)))
      .split("\n")
      .map((line) => line.trimStart())
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => ({ key: option, value: line.replace(/\r$/, "") }))
  switch (optionName(key)) {
    case "env-file":
      return lines("env")
    case "label-file":
      return lines("label")
    case "security-opt": {
      const profile = /^seccomp[=:](?!unconfined$|builtin$|\{)(.+)$/.exec(value)?.[1]
      if (profile === undefined) return [parameter]
      const text = await contentOf(resolve(sandbox, profile))
      return [{ key, value: `seccomp=${JSON.stringify(JSON.parse(text))}` }]
    }
    default:
      return [parameter]
  }
}

async function contentOf(path: string): Promise<string> {
  if ((await stat(path)).size > FILE_BYTES_MAX) throw new Error("the file is too large")
  return readFile(path, "utf8")
}
