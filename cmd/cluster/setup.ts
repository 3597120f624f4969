import { ClusterStore, defineCommand, fail, flag, restArguments, text } from "#lib/cli/index.ts"
import type { ConfigValue, Context } from "#lib/cli/index.ts"
import { metadataAt, type MetadataClient } from "#lib/client/index.ts"

/** Setting up must not hang: the cluster answers small questions within this time. */
const TIMEOUT_MS = 30_000

/** What a new cluster waits for an answer, in seconds. */
const DEFAULT_TIMEOUT_S = 180

export const command = defineCommand({
  input: {
    urls: restArguments("url"),
    name: text("name", "Name of the cluster; its own unless given."),
    insecure: flag("Accept any certificate."),
    noCheck: flag("Trust the cluster's own CA without asking."),
    caCerts: text("file", "Trust the CA in this file."),
    noTimeout: flag("Wait for answers without end."),
    provider: text("id", "Login provider.", { hidden: true }),
    username: text("name", "User to log in.", { hidden: true }),
    password: text("text", "Password of the user.", { hidden: true }),
    passwordEnv: text("name", "Variable with the password.", { hidden: true }),
    passwordFile: text("file", "File with the password.", { hidden: true }),
    privateKey: text("file", "Key of the service account.", { hidden: true }),
  },
  examples: [
    "dcos cluster setup http://m1.example.com",
    "dcos cluster setup http://127.0.0.1:8000",
  ],
  async run(context, { urls, ...options }) {
    const given = theOne(urls)
    const token = context.env["DCOS_CLUSTER_SETUP_ACS_TOKEN"] || undefined
    const verify = options.insecure || options.noCheck ? false : (options.caCerts ?? true)
    const at = { token, verify, timeoutMs: TIMEOUT_MS }
    const url = await canonical(context, metadataAt(context, { ...at, url: given }), given)
    const cluster = metadataAt(context, { ...at, url })
    if (token === undefined) await checkOpen(context, cluster)
    const metadata = await cluster.metadata()
    const ownName = await cluster.clusterName().catch(() => undefined)
    if (metadata === undefined && ownName === undefined)
      fail(
        `what answers at ${url} is not a cluster. Give the address of its router: \`dcos up\` and \`dcos master\` print it as "cluster"`,
      )
    const id = metadata?.CLUSTER_ID ?? context.newId()
    const store = new ClusterStore(context)
    const trust = url.startsWith("https:")
      ? await keepTrust(context, cluster, `${store.dir}/clusters/${id}/dcos_ca.crt`, options)
      : undefined
    const config = new Map<string, ConfigValue>([
      ["cluster.name", options.name ?? ownName ?? new URL(url).host],
      ["core.dcos_url", url],
      ["core.timeout", options.noTimeout ? 0 : DEFAULT_TIMEOUT_S],
    ])
    if (token !== undefined) config.set("core.dcos_acs_token", token)
    if (trust !== undefined) config.set("core.ssl_verify", trust)
    await store.save(id, config)
    await store.attach(id)
  },
})

function theOne(urls: readonly string[]): string {
  const [url, ...others] = urls
  if (url === undefined) return fail("missing cluster URL")
  if (others.length > 0)
    fail(`received ${urls.length} arguments [${urls.join(" ")}], expects a single cluster URL`)
  const complete = /^https?:\/\//.test(url) ? url : `https://${url}`
  if (!URL.canParse(complete)) fail(`'${url}' is not an address such as http://m1.example.com`)
  return complete.replace(/\/+$/, "")
}

/** The address that requests end at: a cluster may send http to https, or to its public name. */
async function canonical(context: Context, client: MetadataClient, url: string): Promise<string> {
  const final = await client.finalUrl()
  const { origin } = new URL(final)
  if (origin === new URL(url).origin) return url
  context.note(`Continuing cluster setup with: ${origin}`)
  return origin
}

async function checkOpen(context: Context, cluster: MetadataClient): Promise<void> {
  if (await cluster.needsLogin())
    fail(
      "this cluster wants a login, which this version of dcos cannot do; set DCOS_CLUSTER_SETUP_ACS_TOKEN to a token of the cluster",
    )
  context.note("This cluster does not require authenticated requests. Skipping login.")
}

/** What `core.ssl_verify` becomes; a CA to trust is kept beside the configuration. */
async function keepTrust(
  context: Context,
  cluster: MetadataClient,
  path: string,
  options: { insecure: boolean; noCheck: boolean; caCerts: string | undefined },
): Promise<string> {
  if (options.insecure) return "false"
  const certificate =
    options.caCerts === undefined
      ? options.noCheck
        ? await cluster.certificate()
        : undefined
      : ((await context.files.readText(options.caCerts)) ??
        fail(`can't read the CA file ${options.caCerts}`))
  if (certificate === undefined) return "true"
  await context.files.writeText(path, certificate, 0o600)
  return path
}
