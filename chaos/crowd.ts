import type { Random } from '../src/kit/index.ts'
import { type Book, MatchBook, StreamBook } from './book.ts'
import { type ChatMember, LayerChatUser, SdkChatUser } from './clients/chat-user.ts'
import type { ChaosClient, Entrance } from './clients/client.ts'
import { GameFeed } from './clients/game-feed.ts'
import { Publisher } from './clients/publisher.ts'
import { RawViewer } from './clients/raw-viewer.ts'
import { SdkViewer } from './clients/sdk-viewer.ts'
import { Stranger } from './clients/stranger.ts'
import { StreamViewer } from './clients/stream-viewer.ts'
import { Talker } from './clients/talker.ts'

/** Channels that back ends publish to, and one that clients publish to and of which presence is kept. */
export const keptChannels = ['kept:1', 'kept:2'] as const
export const roomChannel = 'room:1'
const game = 'north-12'

/** What the nodes of a run need to have for it. */
export const crowdNamespaces = [
  { name: 'kept', history_size: 20_000, history_ttl: '1h', force_recovery: true, allow_subscribe_for_client: true },
  {
    name: 'room',
    ...{ history_size: 20_000, history_ttl: '1h', force_recovery: true, presence: true },
    ...{ allow_subscribe_for_client: true, allow_publish_for_client: true, allow_presence_for_subscriber: true },
  },
] as const

/** Everybody who uses the fleet while things go wrong. */
export class Crowd {
  readonly streamBooks: StreamBook[] = []
  readonly matchBooks: MatchBook[] = []
  readonly viewers: ChaosClient[] = []
  /** Those who hang on a relay below the nodes. */
  readonly below: ChaosClient[] = []
  readonly talkers: Talker[] = []
  readonly publishers: readonly Publisher[]
  readonly feed: GameFeed
  readonly members: readonly ChatMember[]
  readonly stranger: Stranger
  conversation = ''
  /** Those who still wait for what they wrote to be acknowledged, at the end. */
  readonly writing = new Set<string>()

  constructor(
    readonly entrance: Entrance,
    relay: Entrance | undefined,
    random: Random,
    /** Whether matches are followed as well. */
    readonly hasMatch: boolean,
  ) {
    this.feed = new GameFeed(entrance, game, random)
    this.publishers = keptChannels.map(channel => new Publisher(entrance, channel))
    for (const n of [1, 2]) {
      const sdk = new SdkViewer(entrance, `sdk-${n}`, this.#books(`sdk-${n}`))
      this.talkers.push(new Talker(sdk, roomChannel))
      this.viewers.push(sdk)
      this.viewers.push(new RawViewer(entrance, `raw-${n}`, this.#books(`raw-${n}`)))
      this.viewers.push(new StreamViewer(entrance, `stream-${n}`, this.#books(`stream-${n}`)))
    }
    if (relay !== undefined) {
      this.below.push(new SdkViewer(relay, 'sdk-below', this.#books('sdk-below')))
      this.below.push(new StreamViewer(relay, 'stream-below', this.#books('stream-below')))
    }
    this.members = [
      new SdkChatUser(entrance, 'ann'),
      new SdkChatUser(entrance, 'bob'),
      new LayerChatUser(entrance, 'cem'),
      new LayerChatUser(entrance, 'dee'),
    ]
    this.stranger = new Stranger(entrance, random)
  }

  get clients(): ChaosClient[] {
    return [...this.viewers, ...this.below, ...this.members]
  }

  get areConnected(): boolean {
    return this.clients.every(({ isConnected }) => isConnected)
  }

  /** Those who are not, with what happened to them. */
  get missing(): string {
    return this.clients
      .flatMap(({ name, isConnected, faults }) => (isConnected ? [] : [[name, ...faults.slice(0, 3)].join(': ')]))
      .join('; ')
  }

  /** Lets everybody in, then lets them begin. */
  async begin(connected: (what: string, condition: () => boolean) => Promise<void>): Promise<void> {
    if (this.hasMatch) await this.feed.open()
    for (const client of this.clients) await client.connect()
    await connected('every client is connected', () => this.areConnected)
    const [ann, ...others] = this.members
    if (!(ann instanceof SdkChatUser)) throw new TypeError('the first member calls by itself')
    const opened = await ann.call('chat.group', { title: 'Chaos', members: others.map(({ name }) => name), cid: 'group' })
    this.conversation = `${opened.conversation}`
    for (const member of this.members) member.talk(this.conversation)
    for (const publisher of this.publishers) publisher.start()
    for (const talker of this.talkers) talker.start()
    if (this.hasMatch) this.feed.start()
    this.stranger.start()
  }

  /** Nobody writes any more, and all that was written has been acknowledged. */
  async stop(): Promise<void> {
    const { publishers, talkers, members, feed, stranger } = this
    const writers = [
      ...publishers.map(publisher => ({ name: `the publisher of ${publisher.channel}`, stop: () => publisher.stop() })),
      ...talkers.map(talker => ({ name: `${talker.viewer.name} in ${talker.channel}`, stop: () => talker.stop() })),
      ...members.map(member => ({ name: `${member.name} in the chat`, stop: () => member.stop() })),
      ...[feed, stranger].map(writer => ({ name: writer.constructor.name, stop: () => writer.stop() })),
    ]
    for (const { name } of writers) this.writing.add(name)
    await Promise.all(writers.map(({ name, stop }) => stop().then(() => this.writing.delete(name))))
  }

  close(): void {
    for (const client of this.clients) client.close()
  }

  #books(owner: string): Map<string, Book> {
    const streams = [...keptChannels, roomChannel].map(channel => new StreamBook(owner, channel))
    this.streamBooks.push(...streams)
    const matches = this.hasMatch ? [new MatchBook(owner, this.feed.channel)] : []
    this.matchBooks.push(...matches)
    return new Map<string, Book>([...streams, ...matches].map(book => [book.channel, book]))
  }
}
