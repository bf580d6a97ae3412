import { channelHash } from './channel-name.ts'
import type { Close } from './codes.ts'
import type { Position } from './publication.ts'

/** The watchlist of a stream that was changed after it began, so that it differs from the URL's channels. */
export interface CursorWatchlist {
  readonly session: string
  readonly rev: number
  /** All channels of the watchlist; absent where they would not fit, and the session's own node must be asked. */
  readonly channels?: readonly string[]
}

/** The content of an SSE `id`: how far each channel was seen. Names are replaced by hashes, since the URL repeats them. */
export interface Cursor {
  readonly positions: ReadonlyMap<number, Position>
  readonly watchlist?: CursorWatchlist
}

/** Longest `id` in characters. A limit of the interface: cursors also travel in URLs. */
export const cursorLengthMax = 256
const bytesMax = Math.floor((cursorLengthMax * 3) / 4)
const version = 1
const endPattern = /^end:\d{1,4}$/

/**
 * What stands in place of a cursor on the last event of a stream that ended for good. A browser's EventSource comes back whatever it was told;
 * whoever brings this along is answered 204, the one answer that stops it by its standard.
 */
export function endCursor({ code }: Close): string {
  return `end:${code}`
}

export function isEndCursor(text: string): boolean {
  return endPattern.test(text)
}

/**
 * Packs positions into an opaque id of at most 256 characters: a table of the epochs, then for each channel four bytes of hash, the epoch's
 * place and the offset. Around thirty channels of one epoch fit; those that do not are left out and will not be recovered, which the
 * resumed stream then says. `positions` should begin with what matters most.
 */
export function encodeCursor(positions: Iterable<readonly [channel: string, position: Position]>, watchlist?: CursorWatchlist): string {
  const head = [version]
  writeWatchlist(head, watchlist)
  const epochs: string[] = []
  const entries: number[] = []
  let epochBytes = 0
  let count = 0
  for (const [channel, { epoch, offset }] of positions) {
    let place = epochs.indexOf(epoch)
    const known = place !== -1
    if (!known) place = epochs.length
    const entry = entryOf(channelHash(channel), place, offset)
    const growth = entry.length + (known ? 0 : epoch.length + 1)
    if (head.length + 2 + epochBytes + entries.length + growth > bytesMax || count === 127) break
    if (!known) {
      epochs.push(epoch)
      epochBytes += epoch.length + 1
    }
    entries.push(...entry)
    count++
  }
  const bytes = [...head, epochs.length]
  for (const epoch of epochs) writeText(bytes, epoch)
  bytes.push(count, ...entries)
  return toBase64Url(bytes)
}

/** Reads an id that came back from a client; anything that we did not write is undefined, never an error. Each channel stands in it once. */
export function decodeCursor(text: string): Cursor | undefined {
  if (text.length === 0 || text.length > cursorLengthMax || !/^[\w-]+$/.test(text)) return undefined
  try {
    return readCursor(new Reader(Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), char => char.charCodeAt(0))))
  } catch (error) {
    if (error instanceof RangeError || error instanceof DOMException) return undefined
    throw error
  }
}

function readCursor(reader: Reader): Cursor | undefined {
  if (reader.byte() !== version) return undefined
  const watchlist = readWatchlist(reader)
  const epochs = Array.from({ length: reader.byte() }, () => reader.text())
  const positions = new Map<number, Position>()
  for (let left = reader.byte(); left > 0; left--) {
    const hash = reader.uint32()
    const epoch = epochs[reader.byte()]
    const offset = reader.varint()
    if (epoch === undefined) return undefined
    positions.set(hash, { epoch, offset })
  }
  return watchlist === undefined ? { positions } : { positions, watchlist }
}

/** A watchlist takes at most half of the id, so that positions always have room. */
function writeWatchlist(bytes: number[], watchlist: CursorWatchlist | undefined): void {
  if (watchlist === undefined) {
    bytes.push(0)
    return
  }
  const { session, rev, channels } = watchlist
  const names = (channels ?? []).join('\n')
  const fits = channels !== undefined && names.length <= bytesMax / 2 && isAscii(names)
  bytes.push(fits ? 2 : 1)
  writeText(bytes, session)
  bytes.push(...varintOf(rev))
  if (fits) writeText(bytes, names)
}

function readWatchlist(reader: Reader): CursorWatchlist | undefined {
  const kind = reader.byte()
  if (kind === 0) return undefined
  const session = reader.text()
  const rev = reader.varint()
  if (kind === 1) return { session, rev }
  const names = reader.text()
  return { session, rev, channels: names === '' ? [] : [...new Set(names.split('\n'))] }
}

function entryOf(hash: number, epoch: number, offset: number): number[] {
  return [hash >>> 24, (hash >>> 16) & 255, (hash >>> 8) & 255, hash & 255, epoch, ...varintOf(offset)]
}

/** Seven bits a byte, lowest first, by division, since offsets may pass 32 bits. */
function varintOf(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return bytes
}

function writeText(bytes: number[], text: string): void {
  bytes.push(text.length)
  for (let index = 0; index < text.length; index++) bytes.push(text.charCodeAt(index) & 255)
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false
  return true
}

function toBase64Url(bytes: readonly number[]): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

class Reader {
  #at = 0

  constructor(readonly bytes: Uint8Array) {}

  byte(): number {
    const byte = this.bytes[this.#at++]
    if (byte === undefined) throw new RangeError('cursor ends early')
    return byte
  }

  uint32(): number {
    return ((this.byte() << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte()) >>> 0
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new RangeError('number too long')
  }

  text(): string {
    let text = ''
    for (let left = this.byte(); left > 0; left--) text += String.fromCharCode(this.byte())
    return text
  }
}
