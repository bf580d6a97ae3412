import { createDelta } from 'fossil-delta'
import { encodePublication, type Publication } from './publication.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The wire form of `next` for subscribers that hold `previous`: a Fossil delta when that is shorter, else the whole data.
 * A delta of JSON text is text as well, since it splices byte ranges at line-free, but arbitrary, places: where such a place would cut
 * a multi-byte character, the delta is not valid UTF-8 and the whole data is sent.
 */
export function encodeDelta(previous: Publication, next: Publication): string {
  const source = JSON.stringify(previous.data)
  const target = JSON.stringify(next.data)
  const delta = createDelta(encoder.encode(source), encoder.encode(target))
  const text = delta.byteLength < target.length ? decoder.decode(delta) : ''
  if (text === '' || text.includes('\ufffd')) return encodePublication(JSON.stringify(target), next)
  return encodePublication(JSON.stringify(text), next, true)
}
