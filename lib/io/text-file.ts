/** The text of a file, or undefined when there is no such file. Rejects when it cannot be read. */
export async function readTextFile(path: string): Promise<string | undefined> {
  const file = Bun.file(path)
  return (await file.exists()) ? await file.text() : undefined
}
