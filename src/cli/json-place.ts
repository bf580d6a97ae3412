/** Where a text stops being JSON, counted from 1, and what should stand there. */
export interface JsonPlace {
  readonly line: number
  readonly column: number
  readonly expected: string
}

const space = /[ \t\r\n]*/y
const text = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/** The first place that keeps a text from being JSON; undefined where it is. The runtime's own parser does not say. */
export function placeOfMistake(json: string): JsonPlace | undefined {
  const scan = new Scan(json)
  const mistake = scan.value() ?? scan.end()
  if (mistake === undefined) return undefined
  const lines = json.slice(0, scan.at).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, expected: mistake }
}

/** Each step answers what it expected and did not find, and stays there. */
class Scan {
  at = 0

  constructor(readonly json: string) {}

  value(): string | undefined {
    this.#take(space)
    if (this.#takes('{')) return this.#members('}', () => this.#member())
    if (this.#takes('[')) return this.#members(']', () => this.value())
    return this.#take(text) || this.#take(scalar) ? undefined : 'a value'
  }

  end(): string | undefined {
    this.#take(space)
    return this.at === this.json.length ? undefined : 'the end'
  }

  #members(close: string, member: () => string | undefined): string | undefined {
    if (this.#takes(close)) return undefined
    do {
      const mistake = member()
      if (mistake !== undefined) return mistake
    } while (this.#takes(','))
    return this.#takes(close) ? undefined : `"," or "${close}"`
  }

  #member(): string | undefined {
    this.#take(space)
    if (!this.#take(text)) return 'a name in double quotes'
    return this.#takes(':') ? this.value() : '":"'
  }

  #takes(sign: string): boolean {
    this.#take(space)
    if (this.json[this.at] !== sign) return false
    this.at++
    return true
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.json)
    if (found === null) return false
    this.at += found[0].length
    return true
  }
}
