/** How names are resolved in a network. */
export type NetworkDns = {
  readonly nameservers: readonly string[]
  readonly domain?: string | undefined
  readonly search: readonly string[]
  readonly options: readonly string[]
}

/** What containers are told of names where their network says nothing, by the kind and name of it. */
export type ContainerDns = readonly {
  /** Such as "CNI" or "BRIDGE". */
  readonly mode: string
  /** Absent for all networks of the kind that are not named. */
  readonly network?: string | undefined
  readonly dns: NetworkDns
}[]

/** What holds for a network: its own entry, else that of its kind; undefined without either. */
export const dnsOf = (
  list: ContainerDns,
  { mode, network }: { readonly mode: string; readonly network?: string | undefined },
): NetworkDns | undefined => {
  const ofKind = list.filter((entry) => entry.mode === mode)
  const found =
    ofKind.find((entry) => network !== undefined && entry.network === network) ??
    ofKind.find((entry) => entry.network === undefined)
  return found?.dns
}
