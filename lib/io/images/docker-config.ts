import { readTextFile } from "#lib/io/text-file.ts"
import { credentialsOf, isDockerConfig } from "./core/credentials.ts"
import type { Credentials } from "./core/credentials.ts"
import { ImageProblem } from "./problem.ts"

/**
 * How to log in to a registry: as the task says, else as the agent's Docker config.json does, which is
 * given as its text or its absolute path. Fails when what should say it cannot be read: whoever wrote it
 * would look for the fault in the registry.
 */
export async function findCredentials(
  registry: string,
  configs: { readonly task?: string | undefined; readonly agent?: string | undefined },
): Promise<Credentials | undefined> {
  const { task = "", agent = "" } = configs
  if (task !== "" && !isDockerConfig(task))
    throw new ImageProblem(
      "unauthorized",
      "the credentials that came with the task are no JSON object, as Docker's config.json is",
    )
  const own = credentialsOf(task, registry)
  if (own !== undefined || agent === "") return own
  const text = agent.startsWith("/") ? await readTextFile(agent) : agent
  if (text === undefined)
    throw new ImageProblem("unable", `there is no file ${agent}, which --docker_config names`)
  if (!isDockerConfig(text))
    throw new ImageProblem(
      "unable",
      "--docker_config is no JSON object, as Docker's config.json is, nor the absolute path of one",
    )
  return credentialsOf(text, registry)
}
