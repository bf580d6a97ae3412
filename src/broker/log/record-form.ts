import { z } from 'zod'
import type { BrokerMessage, PublishOptions } from '../../hub/index.ts'
import { type Json, type JsonBounds, JsonError, parseJson } from '../../kit/index.ts'
import { type ClientInfo, Publication } from '../../protocol/index.ts'
import type { TailEntry } from './byte-tail.ts'
import type { LogEntry } from './shared-log.ts'

/** What a record says. Its key is the channel. */
export type ChannelMessage =
  | { readonly kind: 'publish'; readonly channel: string; readonly data: Json; readonly options: PublishOptions }
  | { readonly kind: 'announce'; readonly channel: string; readonly message: BrokerMessage }
  | { readonly kind: 'remove'; readonly channel: string }

/** Why a record is passed over. */
export type SkipReason = 'not JSON' | 'too large' | 'unknown channel' | 'of another partition' | 'ill-formed'

export interface RecordBounds {
  readonly json: JsonBounds
  /** Bytes of a value. */
  readonly bytesMax: number
}

type Headers = Readonly<Record<string, string>>

const text = z.record(z.string(), z.string())
const clientInfo = z.looseObject({ user: z.string(), client: z.string() })
const infos = z.array(clientInfo)
const placeShape = z.object({ epoch: z.string(), offset: z.number(), after: z.number(), time: z.number() })

/**
 * The record of a message: the data as its value, so that other systems read and write it as it is, and everything else in headers. A record
 * without headers is a publication.
 * @param id names one append, so that a record that is there twice counts once
 */
export function entryOf(id: string, message: ChannelMessage): LogEntry {
  const { channel: key } = message
  if (message.kind === 'remove') return { key, value: '', headers: { id, kind: 'remove' } }
  if (message.kind === 'publish') {
    const { idempotencyKey, skipHistory } = message.options
    const headers: Record<string, string> = { id }
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey
    if (skipHistory) headers['skip-history'] = 'true'
    addEnvelope(headers, message.options)
    return { key, value: JSON.stringify(message.data), headers }
  }
  const said = message.message
  if (said.kind !== 'publication') return { key, value: JSON.stringify(said.infos), headers: { id, kind: said.kind } }
  const { publication, epoch } = said
  const { data, offset, after, time } = publication
  const headers: Record<string, string> = { id, kind: 'announce', place: JSON.stringify({ epoch, offset, after, time }) }
  addEnvelope(headers, publication)
  return { key, value: JSON.stringify(data), headers }
}

/** What a record says of a channel, whoever wrote it; or why it cannot be read. */
export function readEntry(channel: string, { value, headers = {} }: LogEntry, bounds: RecordBounds): ChannelMessage | SkipReason {
  const { kind } = headers
  if (kind === 'remove') return { kind, channel }
  // Three bytes a unit at most, so that most values need not be measured.
  if (value.length * 3 > bounds.bytesMax && Buffer.byteLength(value) > bounds.bytesMax) return 'too large'
  try {
    const data = parseJson(value, bounds.json)
    if (kind === 'join' || kind === 'leave') return { kind: 'announce', channel, message: { kind, infos: infos.parse(data) } }
    const options = optionsOf(headers)
    if (kind !== 'announce') return { kind: 'publish', channel, data, options }
    const { epoch, ...place } = placeShape.parse(JSON.parse(headers.place ?? ''))
    return { kind, channel, message: { kind: 'publication', publication: new Publication({ data, ...place, ...options }), epoch } }
  } catch (error) {
    if (error instanceof JsonError) return 'not JSON'
    if (error instanceof z.ZodError || error instanceof SyntaxError) return 'ill-formed'
    throw error
  }
}

interface Envelope {
  readonly key?: string | undefined
  readonly lane?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly info?: ClientInfo | undefined
  readonly delta?: boolean | undefined
}

function addEnvelope(headers: Record<string, string>, { key, lane, tags, info, delta }: Envelope): void {
  if (key !== undefined) headers.key = key
  if (lane !== undefined) headers.lane = lane
  if (tags !== undefined) headers.tags = JSON.stringify(tags)
  if (info !== undefined) headers.info = JSON.stringify(info)
  if (delta) headers.delta = 'true'
}

const none: PublishOptions = {}

function optionsOf(headers: Headers): PublishOptions {
  let options: PublishOptions = none
  for (const name in headers) options = withHeader(options, name, headers[name] ?? '')
  return options
}

/** Headers of other systems mean nothing here. */
function withHeader(options: PublishOptions, name: string, value: string): PublishOptions {
  switch (name) {
    case 'key':
      return { ...options, key: value }
    case 'lane':
      return { ...options, lane: value }
    case 'tags':
      return { ...options, tags: text.parse(JSON.parse(value)) }
    case 'info':
      return { ...options, info: clientInfo.parse(JSON.parse(value)) }
    case 'idempotency-key':
      return { ...options, idempotencyKey: value }
    case 'skip-history':
      return value === 'true' ? { ...options, skipHistory: true } : options
    case 'delta':
      return value === 'true' ? { ...options, delta: true } : options
    default:
      return options
  }
}

/** What a publication says of itself beside its data, for a tail; '' for nothing. */
export function writeEnvelope({ key, lane, tags, info, delta }: Publication): string {
  if (key === undefined && lane === undefined && tags === undefined && info === undefined && !delta) return ''
  return JSON.stringify({ key, lane, tags, info, ...(delta ? { delta } : {}) })
}

/** Written by this process. */
export function readEnvelope({ offset, after, time, text: data, envelope }: TailEntry): Publication {
  return new Publication({ data: JSON.parse(data), offset, after, time, ...(envelope === '' ? {} : JSON.parse(envelope)) })
}
