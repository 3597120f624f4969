/**
 * The path of an absolute URL as the platform writes it (`Request.url`), without query and fragment:
 * "/" at least. Percent-encoding is kept. For hot paths, where parsing the whole URL costs too much.
 */
export function urlPath(url: string): string {
  const begin = url.indexOf("/", url.indexOf("://") + 3)
  if (begin < 0) return "/"
  const query = url.indexOf("?", begin)
  const fragment = url.indexOf("#", begin)
  const end = Math.min(query < 0 ? url.length : query, fragment < 0 ? url.length : fragment)
  return url.slice(begin, end)
}
