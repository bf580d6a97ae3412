const low32 = 2 ** 32
const none = -1
const int31 = 2 ** 31 - 1

/** Reads Kafka's encodings from bytes, one after the other. Numbers of 64 bits are exact up to 2^53. @throws RangeError beyond the end */
export class ByteCursor {
  at = 0

  constructor(readonly bytes: Buffer) {}

  int16(): number {
    this.at += 2
    return this.bytes.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.at += 4
    return this.bytes.readInt32BE(this.at - 4)
  }

  int64(): number {
    this.at += 8
    return int64At(this.bytes, this.at - 8)
  }

  /** A length in compact form: one more than it is, 0 where there is nothing. */
  compactLength(): number {
    return this.unsigned() - 1
  }

  unsigned(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new RangeError('the bytes end before what they hold')
      if (byte < 128) return value + byte * factor
      value += (byte - 128) * factor
    }
  }

  /** In zigzag order: 0, -1, 1, -2, … */
  signed(): number {
    const value = this.unsigned()
    if (value <= int31) return (value >>> 1) ^ -(value & 1)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** Text of a length that stands before it; undefined for null. */
  text(): string | undefined {
    const length = this.signed()
    if (length < 0) return undefined
    const from = this.at
    this.#pass(length)
    return this.bytes.toString('utf8', from, this.at)
  }

  /** 16 bytes as Kafka's client names them. */
  uuid(): string {
    const hex = this.bytes.toString('hex', this.at, this.at + 16)
    this.#pass(16)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }

  slice(length: number): Buffer {
    const from = this.at
    this.#pass(length)
    return this.bytes.subarray(from, this.at)
  }

  /** Fields that later versions added. */
  skipTagged(): void {
    this.hasTagged(none)
  }

  /** Skips them all. @returns whether one was among them */
  hasTagged(wanted: number): boolean {
    let isThere = false
    for (let left = this.unsigned(); left > 0; left--) {
      if (this.unsigned() === wanted) isThere = true
      this.#pass(this.unsigned())
    }
    return isThere
  }

  #pass(length: number): void {
    this.at += length
    if (length < 0 || this.at > this.bytes.length) throw new RangeError('the bytes end before what they hold')
  }
}

export function int64At(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * low32 + bytes.readUInt32BE(at + 4)
}
