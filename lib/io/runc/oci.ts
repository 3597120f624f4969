/**
 * The part of an OCI runtime configuration (`config.json`) that containers here use; names are those
 * of the file. Source: opencontainers/runtime-spec: config.md, config-linux.md (1.0.2).
 */
export type OciSpec = {
  readonly ociVersion: string
  readonly process: OciProcess
  readonly root: { readonly path: string; readonly readonly?: boolean }
  readonly hostname?: string
  readonly mounts: readonly OciMount[]
  readonly linux: {
    readonly rootfsPropagation: "rslave" | "rshared"
    readonly cgroupsPath: string
    readonly namespaces: readonly OciNamespace[]
    readonly resources: OciResources
    readonly devices: readonly OciDevice[]
    readonly seccomp?: OciSeccomp
    readonly maskedPaths: readonly string[]
    readonly readonlyPaths: readonly string[]
  }
}

/** What runs, as whom, with which rights. */
export type OciProcess = {
  readonly terminal: boolean
  readonly consoleSize?: { readonly height: number; readonly width: number }
  readonly user: OciUser
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly capabilities: OciCapabilities
  readonly rlimits: readonly {
    readonly type: string
    readonly hard: number
    readonly soft: number
  }[]
  readonly noNewPrivileges: boolean
  readonly oomScoreAdj?: number
}

/** Numbers of an account. */
export type OciUser = {
  readonly uid: number
  readonly gid: number
  readonly additionalGids: readonly number[]
}

/** Sets of capabilities by name, such as "CAP_CHOWN". */
export type OciCapabilities = Readonly<
  Record<"bounding" | "effective" | "permitted" | "inheritable" | "ambient", readonly string[]>
>

/** One mount, made in the order of the list. */
export type OciMount = {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

/** A namespace: a new one, or that at `path`. */
export type OciNamespace = {
  readonly type: "mount" | "pid" | "ipc" | "uts" | "network" | "cgroup"
  readonly path?: string
}

/** Limits that runc writes into the container's cgroup. */
export type OciResources = {
  readonly devices: readonly OciDeviceRule[]
  readonly memory?: {
    readonly limit?: number
    readonly reservation?: number
    /** Of memory and swap together. */
    readonly swap?: number
  }
  readonly cpu?: { readonly shares?: number; readonly quota?: number; readonly period?: number }
  readonly pids?: { readonly limit: number }
  /** Tells the packets of version 1's controller net_cls. */
  readonly network?: { readonly classID: number }
}

/** Allows or denies a device; absent numbers mean all. */
export type OciDeviceRule = {
  readonly allow: boolean
  readonly type?: "c" | "b" | "a"
  readonly major?: number
  readonly minor?: number
  readonly access: string
}

/** A device node to make. */
export type OciDevice = {
  readonly path: string
  readonly type: "c" | "b"
  readonly major: number
  readonly minor: number
  readonly fileMode: number
  readonly uid: number
  readonly gid: number
}

/** A filter of system calls. */
export type OciSeccomp = {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly architectures?: readonly string[]
  readonly syscalls: readonly OciSyscalls[]
}

/** What becomes of some system calls, where their arguments are such. */
export type OciSyscalls = {
  readonly names: readonly string[]
  readonly action: string
  readonly errnoRet?: number
  readonly args?: readonly {
    readonly index: number
    readonly value: number
    readonly valueTwo?: number
    readonly op: string
  }[]
}
