/** `GET /dcos-metadata/dcos-version.json`. */
export type ClusterVersion = {
  readonly version?: string
  readonly "dcos-variant"?: string
  readonly "dcos-image-commit"?: string
  readonly "bootstrap-id"?: string
}

/** `GET /metadata`. */
export type ClusterMetadata = {
  readonly CLUSTER_ID?: string
  readonly PUBLIC_IPV4?: string
}

/** A host that Mesos-DNS or the network service knows. */
export type HostAddress = { readonly host: string; readonly ip: string }

/** `GET /net/v1/nodes`: public addresses by private one. */
export type NodeAddresses = {
  readonly private_ip: string
  readonly public_ips: readonly string[]
  readonly hostname?: string
}
