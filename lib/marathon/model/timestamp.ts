/**
 * A moment as Marathon writes it: "yyyy-MM-ddTHH:mm:ss.SSSZ", UTC, always three decimals. Two of them
 * compare as texts in the order of time (years 0 to 9999).
 */
export type Timestamp = string & { readonly brand: "Timestamp" }

const DAY_MS = 86_400_000

const pad = (value: number, digits: number): string => String(value).padStart(digits, "0")

/** Milliseconds since the Unix epoch as a timestamp. Pure, so that cores may call it. */
export function formatTimestamp(ms: number): Timestamp {
  const whole = Math.floor(ms)
  const days = Math.floor(whole / DAY_MS)
  const inDay = whole - days * DAY_MS
  const { year, month, day } = civilFromDays(days)
  const time = [3_600_000, 60_000, 1000].map((unit, i) =>
    pad(Math.floor(inDay / unit) % (i === 0 ? 24 : 60), 2),
  )
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${time.join(":")}.${pad(inDay % 1000, 3)}Z` as Timestamp
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/

/** The moment that an ISO 8601 text names, in milliseconds, or undefined when it names none. */
export function parseTimestampMs(text: string): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const part = (index: number): number => Number(match[index] ?? "0")
  const [year, month, day] = [part(1), part(2), part(3)]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  const [hour, minute, second] = [part(4), part(5), part(6)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const ms = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000)
  const local =
    daysFromCivil(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000
  return local + ms - offsetMs(match[8])
}

/** A text read as a moment and written canonically, or undefined when it is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const ms = parseTimestampMs(text)
  return ms === undefined ? undefined : formatTimestamp(ms)
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31

// Days since 1970-01-01 and back, by eras of 400 years that start in March (Howard Hinnant's method).
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return (
    era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
  )
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const ofEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * ofYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const day = ofYear - Math.floor((153 * shifted + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
