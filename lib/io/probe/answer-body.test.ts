import { describe, expect, test } from "bun:test"
import { parseBody } from "./answer-body.ts"

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

describe("the body of an answer", () => {
  test("ends where its length says, with its type", () => {
    const answer = "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
    expect(parseBody(`${answer}not`, 100)).toEqual({
      complete: false,
      contentType: "text/plain",
      body: "not",
    })
    expect(parseBody(`${answer}not y`, 100)).toMatchObject({ complete: true, body: "not y" })
    expect(parseBody(`${answer}not yet`, 100)).toMatchObject({ complete: true, body: "not y" })
  })

  test("goes on until the connection ends when it has no length", () => {
    expect(parseBody("HTTP/1.0 200 OK\r\n\r\nabc", 100)).toEqual({
      complete: false,
      contentType: undefined,
      body: "abc",
    })
  })

  test("is joined from its chunks", () => {
    const answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n"
    expect(parseBody(answer, 100)).toMatchObject({ complete: false, body: "abcde" })
    expect(parseBody(`${answer}0\r\n\r\n`, 100)).toMatchObject({ complete: true, body: "abcde" })
    expect(parseBody(`${answer}4\r\nf`, 100)).toMatchObject({ complete: false, body: "abcdef" })
  })

  test("is cut at what is wanted, and read as UTF-8", () => {
    const answer = bytes("HTTP/1.1 200 OK\r\n\r\nüber alles")
    expect(parseBody(answer, 5)).toMatchObject({ complete: true, body: "über" })
  })

  test("waits for the end of the head", () => {
    expect(parseBody("HTTP/1.1 200 OK\r\nContent-", 5)).toMatchObject({ complete: false, body: "" })
  })
})
