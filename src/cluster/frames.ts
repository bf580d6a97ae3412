/** A frame that every WebSocket of a server takes, however small its limit for clients is set (`transport/upgraded.ts`). */
const frameBytesMax = 16 * 1024
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const unitsMax = Math.floor(frameBytesMax / 3)
/** A line that is still not at its end is not from a node. Far above the longest, a page of history or a table of ten thousand keys. */
const lineLengthMax = 256 * 1024 * 1024

/** Cuts lines into frames of at most 16 KiB; where a frame ends says nothing of where a line does. */
export function* framesOf(lines: readonly string[]): Generator<string> {
  const text = `${lines.join('\n')}\n`
  for (let from = 0; from < text.length; ) {
    const to = endOfFrame(text, from)
    yield text.slice(from, to)
    from = to
  }
}

function endOfFrame(text: string, from: number): number {
  const most = Math.min(text.length, from + frameBytesMax)
  const fits = Buffer.byteLength(text.slice(from, most)) <= frameBytesMax
  const to = fits ? most : Math.min(text.length, from + unitsMax)
  // Half a surrogate pair cannot be sent.
  return to < text.length && isHighSurrogate(text.charCodeAt(to - 1)) ? to - 1 : to
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

/** Puts lines together again from frames. */
export class LineReader {
  #parts: string[] = []
  #length = 0

  /** The lines that end in this frame. @throws RangeError for one without an end */
  read(frame: string): string[] {
    const lines = frame.split('\n')
    const rest = lines.pop() ?? ''
    const [first, ...others] = lines
    if (first === undefined) {
      this.#keep(rest)
      return []
    }
    const whole = this.#parts.length === 0 ? first : this.#parts.join('') + first
    this.#parts = []
    this.#length = 0
    this.#keep(rest)
    return [whole, ...others].filter(line => line !== '')
  }

  #keep(part: string): void {
    if (part === '') return
    this.#length += part.length
    if (this.#length > lineLengthMax) throw new RangeError('a line without an end')
    this.#parts.push(part)
  }
}
