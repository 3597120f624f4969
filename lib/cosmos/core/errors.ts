import type { Json, JsonObject } from "./json.ts"

/** A refusal of the package API: `code` is the `type` that clients see. */
export type CosmosError = {
  readonly code: string
  readonly message: string
  /** HTTP status. */
  readonly status: number
  readonly data?: JsonObject | undefined
}

const refuse = (
  code: string,
  message: string,
  data?: Readonly<Record<string, Json | undefined>>,
  status = 400,
): CosmosError => ({
  code,
  message,
  status,
  data:
    data === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(data).filter((entry): entry is [string, Json] => entry[1] !== undefined),
        ),
})

/** The refusals, by name. Source: dcos/cosmos: cosmos-common/…/error/*.scala. */
export const errors = {
  packageNotFound: (packageName: string) =>
    refuse("PackageNotFound", `Package [${packageName}] not found`, { packageName }),
  versionNotFound: (packageName: string, packageVersion: string) =>
    refuse("VersionNotFound", `Version [${packageVersion}] of package [${packageName}] not found`, {
      packageName,
      packageVersion,
    }),
  packageNotInstalled: (packageName: string) =>
    refuse("PackageNotInstalled", `Package [${packageName}] is not installed`, { packageName }),
  appNotInstalled: (packageName: string, appId: string) =>
    refuse(
      "UninstallNonExistentAppForPackage",
      `Package [${packageName}] with id [${appId}] is not installed`,
      { packageName, appId },
    ),
  ambiguousAppId: (packageName: string, appIds: readonly string[]) =>
    refuse(
      "AmbiguousAppId",
      `Multiple apps named [${packageName}] are installed: [${appIds.join(", ")}]`,
      { packageName, appIds },
    ),
  noTemplate: (packageName: string, packageVersion: string) =>
    refuse(
      "ServiceMarathonTemplateNotFound",
      `Package: [${packageName}] version: [${packageVersion}] does not have a Marathon template defined and can not be rendered`,
      { packageName, packageVersion },
    ),
  alreadyInstalled: () =>
    refuse("PackageAlreadyInstalled", "Package is already installed", undefined, 409),
  locked: () =>
    refuse(
      "MarathonBadResponse",
      "A running deployment, such as its removal, still holds the app: try again when it is done",
      undefined,
      409,
    ),
  optionsMismatch: (mismatches: readonly Json[]) =>
    refuse("JsonSchemaMismatch", "Options JSON failed validation", { errors: mismatches }),
  optionsNotAllowed: () =>
    refuse(
      "OptionsNotAllowed",
      "No schema available to validate the provided options, so none are allowed",
    ),
  templateNotObject: () =>
    refuse("MarathonTemplateMustBeJsonObject", "Rendered Marathon JSON must be a JSON object"),
  renderedNotJson: (message: string, input: string) =>
    refuse("JsonParsingError", message, {
      underlyingType: "ParsingFailure",
      parsingErrorMessage: message,
      parsingInput: input,
    }),
  marathonRefused: (message: string, details: Json | undefined) =>
    refuse("MarathonBadResponse", message, { errors: details }),
  marathonFailed: (marathonStatus: number) =>
    refuse(
      "MarathonBadGateway",
      `Received response status code ${marathonStatus} from Marathon`,
      { marathonStatus },
      502,
    ),
  notPresent: (what: string) =>
    refuse("not_present", `Required value '${what}' of the request is missing`),
  notParsed: (message: string) => refuse("not_parsed", message),
  notValid: (message: string) => refuse("not_valid", message),
  notBuilt: (what: string) =>
    refuse("NotImplemented", `${what} is not part of this version of dcos yet`, undefined, 501),
} as const
