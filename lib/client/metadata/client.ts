import type { Http } from "#lib/client/http.ts"
import { expectList, expectObject } from "#lib/client/json.ts"
import type { ClusterMetadata, ClusterVersion, HostAddress, NodeAddresses } from "./types.ts"

/** What the router tells about the cluster itself. */
export class MetadataClient {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** The base address. */
  get url(): string {
    return this.#http.urlOf({ path: "" })
  }

  /** Version of the cluster. */
  async version(): Promise<ClusterVersion> {
    const path = "/dcos-metadata/dcos-version.json"
    return expectObject(await this.#http.json({ path }), path)
  }

  /** Identity of the cluster; undefined when the router does not say. */
  async metadata(): Promise<ClusterMetadata | undefined> {
    const answer = await this.#http.jsonIfFound({ path: "/metadata" })
    return answer === undefined ? undefined : expectObject(answer, "/metadata")
  }

  /** Where a request for the root page ends after all redirects. */
  async finalUrl(): Promise<string> {
    const response = await this.#http.send({ method: "HEAD", path: "/" })
    return response.url === "" ? this.url : response.url
  }

  /** Whether requests are refused without a token. */
  async needsLogin(): Promise<boolean> {
    const path = "/pkgpanda/active.buildinfo.full.json"
    return (await this.#http.send({ method: "HEAD", path })).status === 401
  }

  /** The certificate of the cluster's CA, in PEM. */
  async certificate(): Promise<string> {
    return (await this.#http.succeed({ path: "/ca/dcos-ca.crt" })).text()
  }

  /** The name the Mesos master gives the cluster. */
  async clusterName(): Promise<string | undefined> {
    const answer = await this.#http.json({ path: "/mesos/state-summary" })
    return expectObject<{ cluster?: string }>(answer, "/mesos/state-summary").cluster
  }

  /** Hosts behind a name of Mesos-DNS; empty when it does not run. */
  async hosts(name: string): Promise<readonly HostAddress[]> {
    const path = `/mesos_dns/v1/hosts/${name}`
    const answer = await this.#http.jsonIfFound({ path })
    return answer === undefined ? [] : expectList(answer, path)
  }

  /** Public addresses of nodes; empty when the network service does not run. */
  async publicAddresses(): Promise<readonly NodeAddresses[]> {
    const answer = await this.#http.jsonIfFound({ path: "/net/v1/nodes" })
    return answer === undefined ? [] : expectList(answer, "/net/v1/nodes")
  }
}
