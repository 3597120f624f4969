/**
 * One event of /v2/events: `eventType`, `timestamp` and the members that the type has, ready to be
 * written as JSON. Source: marathon-api reference, section 8.
 */
export type MarathonEvent = {
  readonly eventType: string
  readonly timestamp: string
  readonly [member: string]: unknown
}
