import { type Type, Writer } from 'protobufjs'
import type { ConnectResult, Position, Publication, SubscribeResult, SubsEntry } from '../protocol/index.ts'
import { toFields } from './fields.ts'
import { numberOf, schema } from './schema.ts'

/** The wire type of strings, bytes and messages. */
const lengthDelimited = 2

const pushTag = tagOf(schema.reply, 'push')
const connectTag = tagOf(schema.reply, 'connect')
const subscribeTag = tagOf(schema.reply, 'subscribe')
const historyTag = tagOf(schema.reply, 'history')
const idTag = numberOf(schema.reply, 'id') << 3
const channelTag = tagOf(schema.push, 'channel')
const pubTag = tagOf(schema.push, 'pub')
const subsTag = tagOf(schema.connectResult, 'subs')
/** A map is a list of messages with a key and a value. */
const mapKeyTag = (1 << 3) | lengthDelimited
const mapValueTag = (2 << 3) | lengthDelimited
const recoveredTag = tagOf(schema.subscribeResult, 'publications')
const pageTag = tagOf(schema.historyResult, 'publications')

function tagOf(type: Type, name: string): number {
  return (numberOf(type, name) << 3) | lengthDelimited
}

/** A reply from its JSON form, behind its length. */
export function replyFromJson(json: string): Uint8Array {
  return schema.reply.encodeDelimited(toFields(schema.reply, JSON.parse(json))).finish()
}

/** A push from its JSON form, as a reply behind its length. */
export function pushFromJson(json: string): Uint8Array {
  return schema.reply.encodeDelimited({ push: toFields(schema.push, JSON.parse(json)) }).finish()
}

/** A publication in a channel, as a reply behind its length; the publication itself is as it was encoded before. */
export function encodePublicationPush(channel: string, publication: Uint8Array): Uint8Array {
  const writer = Writer.create().fork()
  writer.uint32(pushTag).fork()
  writer.uint32(channelTag).string(channel.toWellFormed())
  writer.uint32(pubTag).bytes(publication)
  return writer.ldelim().ldelim().finish()
}

/** A publication as it stands in replies and pushes. Made once, however many carry it. */
export function encodeProtobuf(publication: Publication): Uint8Array {
  return publication.encoded(encodeWhole)
}

function encodeWhole({ data, offset, key, tags, info }: Publication): Uint8Array {
  return schema.publication.encode(toFields(schema.publication, { data, ...(offset === 0 ? {} : { offset }), key, tags, info })).finish()
}

/** The same with the delta in the place of the data. */
export function encodeDeltaOf({ offset, key, tags, info }: Publication, delta: Uint8Array): Uint8Array {
  return schema.publication.encode(toFields(schema.publication, { data: delta, offset, key, tags, info, delta: true })).finish()
}

/** The answer to a connect, behind its length. */
export function encodeConnectReply(id: number, result: ConnectResult, subs: ReadonlyMap<string, SubsEntry>): Uint8Array {
  return encodeReplyWith(id, connectTag, writer => {
    schema.connectResult.encode(toFields(schema.connectResult, result), writer)
    for (const [channel, entry] of subs) {
      if ('error' in entry) continue
      writer.uint32(subsTag).fork().uint32(mapKeyTag).string(channel.toWellFormed()).uint32(mapValueTag).fork()
      writeSubscribeResult(writer, entry)
      writer.ldelim().ldelim()
    }
  })
}

/** The answer to a subscribe, behind its length. */
export function encodeSubscribeReply(id: number, result: SubscribeResult): Uint8Array {
  return encodeReplyWith(id, subscribeTag, writer => writeSubscribeResult(writer, result))
}

/** The answer to a history, behind its length. */
export function encodeHistoryReply(id: number, position: Position, publications: readonly Publication[]): Uint8Array {
  return encodeReplyWith(id, historyTag, writer => {
    schema.historyResult.encode(toFields(schema.historyResult, position), writer)
    writePublications(writer, pageTag, publications)
  })
}

function encodeReplyWith(id: number, tag: number, write: (writer: Writer) => void): Uint8Array {
  const writer = Writer.create().fork().uint32(idTag).uint32(id).uint32(tag).fork()
  write(writer)
  return writer.ldelim().ldelim().finish()
}

function writeSubscribeResult(writer: Writer, { publications = [], ...head }: SubscribeResult): void {
  schema.subscribeResult.encode(toFields(schema.subscribeResult, head), writer)
  writePublications(writer, recoveredTag, publications)
}

/** Fields of a message may come in any order: these as they were encoded before. */
function writePublications(writer: Writer, tag: number, publications: readonly Publication[]): void {
  for (const publication of publications) writer.uint32(tag).bytes(encodeProtobuf(publication))
}
