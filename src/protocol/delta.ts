import { createDelta } from 'fossil-delta'
import { encodePublication, type Publication } from './publication.ts'
import { encodeEscaped } from './reply.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The Fossil delta from the data of one publication to that of the next, in bytes; undefined where the whole is not longer. */
export function deltaBetween(previous: Publication, next: Publication): Uint8Array | undefined {
  const target = encoder.encode(JSON.stringify(next.data))
  const delta = createDelta(encoder.encode(JSON.stringify(previous.data)), target)
  return delta.byteLength < target.byteLength ? delta : undefined
}

/**
 * The JSON form of `next` for subscribers that hold `previous`: a Fossil delta when that is shorter, else the whole data.
 * A delta of JSON text is text as well, since it splices byte ranges at line-free, but arbitrary, places: where such a place would cut
 * a multi-byte character, the delta is not valid UTF-8 and the whole data is sent.
 */
export function encodeDelta(previous: Publication, next: Publication): string {
  const delta = deltaBetween(previous, next)
  const text = delta === undefined ? '' : decoder.decode(delta)
  if (text === '' || text.includes('\ufffd')) return encodeEscaped(next)
  return encodePublication(JSON.stringify(text), next, true)
}
