/** A publication as a tail keeps it. */
export interface TailEntry {
  readonly offset: number
  readonly after: number
  readonly time: number
  /** Its data as JSON. */
  readonly text: string
  /** What it says of itself beside its data, as JSON; '' for nothing. */
  readonly envelope: string
}

/** The channel of an entry: it knows where its entries are, by their numbers. */
export interface TailOwner {
  /** Where the entry of this number is, if the channel still has it. */
  placeOf(number: number): number | undefined
  moved(number: number, place: number): void
  /** There is no room for the entry of this number any more, nor for those before it. */
  evict(number: number): void
}

interface Segment {
  readonly number: number
  readonly bytes: Buffer
  used: number
  /** Bytes of entries that their channels still have. */
  live: number
}

/** Places are the number of a segment and the byte in it. No record of a log comes near this. */
const segmentSpan = 2 ** 28
/** Where an entry has what: its length, its owner, its number there, and so on. */
const at = { length: 0, owner: 4, number: 8, offset: 16, after: 24, time: 32, textBytes: 40, text: 44 } as const
/** Segments of which channels still have a smaller share are emptied into others, and fuller ones are given up. */
const sparseShare = 0.75

/**
 * Publications of many channels as bytes, in the order in which they came, bounded in total. A segment whose entries are all gone is freed. When the
 * bound is reached, sparse segments are emptied by moving what channels still have; where there are none, the oldest segment goes with all in it.
 */
export class ByteTail {
  /** Bytes of all segments. */
  bytes = 0
  readonly #owners = new Map<number, TailOwner>()
  readonly #segments = new Map<number, Segment>()
  #current: Segment | undefined
  #ownerCount = 0
  #segmentCount = 0

  constructor(
    readonly bytesMax: number,
    readonly segmentBytes: number,
  ) {}

  /** Channels that may have entries. */
  get owners(): number {
    return this.#owners.size
  }

  /** Numbers are never given twice: entries of an owner that has gone may still lie about. */
  enter(owner: TailOwner): number {
    this.#owners.set(++this.#ownerCount, owner)
    return this.#ownerCount
  }

  /** An owner goes, and has freed its entries. */
  leave(owner: number): void {
    this.#owners.delete(owner)
  }

  /** Makes room first, for which entries of any channel may be moved or go. @returns its place */
  append(owner: number, number: number, entry: TailEntry): number {
    while (this.bytes > this.bytesMax && this.#reclaim()) {}
    const textBytes = Buffer.byteLength(entry.text)
    const length = at.text + textBytes + Buffer.byteLength(entry.envelope)
    const segment = this.#roomFor(length)
    const { bytes, used } = segment
    bytes.writeUInt32LE(length, used + at.length)
    bytes.writeUInt32LE(owner, used + at.owner)
    bytes.writeDoubleLE(number, used + at.number)
    bytes.writeDoubleLE(entry.offset, used + at.offset)
    bytes.writeDoubleLE(entry.after, used + at.after)
    bytes.writeDoubleLE(entry.time, used + at.time)
    bytes.writeUInt32LE(textBytes, used + at.textBytes)
    bytes.write(entry.text, used + at.text)
    bytes.write(entry.envelope, used + at.text + textBytes)
    segment.used += length
    segment.live += length
    return segment.number * segmentSpan + used
  }

  /** The channel does not have it any more. */
  free(place: number): void {
    const { segment, byte } = this.#find(place)
    segment.live -= segment.bytes.readUInt32LE(byte + at.length)
    if (segment.live === 0 && segment !== this.#current) this.#drop(segment)
  }

  offsetAt(place: number): number {
    const { segment, byte } = this.#find(place)
    return segment.bytes.readDoubleLE(byte + at.offset)
  }

  timeAt(place: number): number {
    const { segment, byte } = this.#find(place)
    return segment.bytes.readDoubleLE(byte + at.time)
  }

  read(place: number): TailEntry {
    const { segment, byte } = this.#find(place)
    const { bytes } = segment
    const end = byte + bytes.readUInt32LE(byte + at.length)
    const textEnd = byte + at.text + bytes.readUInt32LE(byte + at.textBytes)
    return {
      offset: bytes.readDoubleLE(byte + at.offset),
      after: bytes.readDoubleLE(byte + at.after),
      time: bytes.readDoubleLE(byte + at.time),
      text: bytes.toString('utf8', byte + at.text, textEnd),
      envelope: textEnd === end ? '' : bytes.toString('utf8', textEnd, end),
    }
  }

  #find(place: number): { readonly segment: Segment; readonly byte: number } {
    const byte = place % segmentSpan
    const segment = this.#segments.get((place - byte) / segmentSpan)
    if (segment === undefined) throw new RangeError('the segment is gone, and a channel still has an entry of it')
    return { segment, byte }
  }

  #roomFor(length: number): Segment {
    const before = this.#current
    if (before !== undefined && before.used + length <= before.bytes.length) return before
    const bytes = Buffer.allocUnsafeSlow(Math.max(this.segmentBytes, length))
    const segment: Segment = { number: ++this.#segmentCount, bytes, used: 0, live: 0 }
    this.#segments.set(segment.number, segment)
    this.bytes += bytes.length
    this.#current = segment
    if (before?.live === 0) this.#drop(before)
    return segment
  }

  #drop(segment: Segment): void {
    if (this.#segments.delete(segment.number)) this.bytes -= segment.bytes.length
  }

  /** @returns false where nothing can be given up */
  #reclaim(): boolean {
    let oldest: Segment | undefined
    let sparsest: Segment | undefined
    for (const segment of this.#segments.values()) {
      if (segment === this.#current) continue
      oldest ??= segment
      if (sparsest === undefined || segment.live / segment.used < sparsest.live / sparsest.used) sparsest = segment
    }
    if (oldest === undefined || sparsest === undefined) return false
    if (sparsest.live < sparseShare * sparsest.used)
      this.#empty(sparsest, (owner, number, from, to) => owner.moved(number, this.#move(from, to)))
    else this.#empty(oldest, (owner, number) => owner.evict(number))
    return true
  }

  /** Deals with every entry that a channel still has, after which the segment is gone. */
  #empty(segment: Segment, each: (owner: TailOwner, number: number, from: Buffer, length: number) => void): void {
    const { bytes, used } = segment
    for (let byte = 0; byte < used; ) {
      const length = bytes.readUInt32LE(byte + at.length)
      const owner = this.#owners.get(bytes.readUInt32LE(byte + at.owner))
      const number = bytes.readDoubleLE(byte + at.number)
      if (owner?.placeOf(number) === segment.number * segmentSpan + byte) each(owner, number, bytes.subarray(byte, byte + length), length)
      byte += length
    }
    this.#drop(segment)
  }

  #move(from: Buffer, length: number): number {
    const segment = this.#roomFor(length)
    const byte = segment.used
    from.copy(segment.bytes, byte)
    segment.used += length
    segment.live += length
    return segment.number * segmentSpan + byte
  }
}
