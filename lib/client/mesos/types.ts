/** Flat resources: scalars as numbers, ranges and sets as text. */
export type FlatResources = Readonly<Record<string, number | string>>

/** An agent in the master's state. */
export type StateAgent = {
  readonly id: string
  readonly hostname: string
  readonly pid: string
  readonly active?: boolean
  readonly deactivated?: boolean
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly domain?: Domain
  readonly drain_info?: { readonly state?: string }
  readonly resources?: FlatResources
}

/** Where a machine stands. */
export type Domain = {
  readonly fault_domain?: {
    readonly region?: { readonly name?: string }
    readonly zone?: { readonly name?: string }
  }
}

/** A task in the master's state. */
export type StateTask = {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly framework_id: string
  readonly executor_id?: string
  readonly slave_id: string
  readonly user?: string
  readonly labels?: readonly { readonly key: string; readonly value?: string }[]
  readonly resources?: FlatResources
  readonly statuses?: readonly {
    readonly state?: string
    readonly container_status?: { readonly container_id?: ContainerId }
  }[]
  readonly discovery?: unknown
  readonly container?: unknown
}

/** A container, inside its parent when it is nested. */
export type ContainerId = { readonly value: string; readonly parent?: ContainerId }

/** A framework in the master's state. */
export type StateFramework = {
  readonly id: string
  readonly name: string
  readonly hostname?: string
  readonly active?: boolean
  readonly user?: string
  readonly webui_url?: string
  readonly used_resources?: FlatResources
  readonly resources?: FlatResources
  readonly tasks?: readonly StateTask[]
  readonly unreachable_tasks?: readonly StateTask[]
  readonly completed_tasks?: readonly StateTask[]
  readonly executors?: readonly { readonly executor_id: string }[]
}

/** Amounts by the name of a scalar resource; memory and disk in MiB. */
export type Quantities = Readonly<Record<string, number>>

/** A role in `GET /roles` of the master. */
export type StateRole = {
  readonly name: string
  readonly quota?: {
    readonly role: string
    readonly consumed?: Quantities
    readonly guarantee?: Quantities
    readonly limit?: Quantities
  }
}

/** `GET /state` of the master. */
export type MasterState = {
  readonly id?: string
  readonly cluster?: string
  readonly hostname?: string
  readonly pid?: string
  readonly leader?: string
  readonly version?: string
  readonly domain?: Domain
  readonly slaves?: readonly StateAgent[]
  readonly frameworks?: readonly StateFramework[]
  readonly completed_frameworks?: readonly StateFramework[]
}

/** `GET /state-summary` of the master. */
export type StateSummary = {
  readonly cluster?: string
  readonly hostname?: string
  readonly slaves?: readonly StateAgent[]
}

/** An entry of a sandbox. */
export type FileEntry = {
  readonly path: string
  readonly size: number
  readonly nlink: number
  /** Seconds since 1970. */
  readonly mtime: number
  readonly mode: string
  readonly uid: string
  readonly gid: string
}

/** A piece of a file; `offset` is where it begins, or the size of the file when none was given. */
export type FilePiece = { readonly data: string; readonly offset: number }
