/** A hit of a search. */
export type FoundPackage = {
  readonly name: string
  readonly currentVersion: string
  readonly description?: string
  readonly framework?: boolean
  readonly selected?: boolean
  readonly tags?: readonly string[]
  readonly versions?: Readonly<Record<string, string>>
}

/** What a package says about itself. */
export type PackageDefinition = {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly framework?: boolean
  readonly selected?: boolean
  readonly maintainer?: string
  readonly packagingVersion?: string
  readonly preInstallNotes?: string
  readonly postInstallNotes?: string
  readonly postUninstallNotes?: string
  readonly tags?: readonly string[]
  readonly config?: unknown
  readonly marathon?: { readonly v2AppMustacheTemplate?: string }
  readonly resource?: { readonly cli?: unknown }
  readonly command?: unknown
}

/** An app that a package started. */
export type InstalledPackage = {
  readonly appId: string
  readonly packageInformation: {
    readonly packageDefinition: PackageDefinition
    readonly resourceDefinition?: unknown
  }
}

/** What to install or render. */
export type PackageRequest = {
  readonly packageName: string
  readonly packageVersion?: string | undefined
  readonly appId?: string | undefined
  readonly options?: Readonly<Record<string, unknown>> | undefined
}

/** What an installation answers. */
export type InstallResult = {
  readonly packageName: string
  readonly packageVersion: string
  readonly appId?: string
  readonly postInstallNotes?: string
}

/** What an uninstallation did, app by app. */
export type UninstallResult = {
  readonly results?: readonly {
    readonly packageName: string
    readonly appId: string
    readonly packageVersion?: string
    readonly postUninstallNotes?: string
  }[]
}

/** A source of packages. */
export type Repository = { readonly name: string; readonly uri: string }
