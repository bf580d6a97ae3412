import { readEvent, readMessages, type WirePush, type WireSubscription } from '../../sim/clients/wire.ts'
import { Oracle } from '../../sim/cluster/oracle.ts'
import { SocketSet } from '../../sim/cluster/socket-set.ts'
import { SparseBroker } from '../../sim/cluster/sparse-broker.ts'
import { SimClock } from '../../sim/core/clock.ts'
import { Judge } from '../../sim/core/judge.ts'
import { Tally } from '../../sim/core/tally.ts'
import { View } from '../../sim/workloads/channels/view.ts'
import { MemoryBroker, MemoryPresence } from '../../src/broker/index.ts'
import {
  type BrokerMessage,
  type BrokerSink,
  type Bytes,
  defaultLimits,
  type Exchange,
  type Limits,
  type Namespace,
  Namespaces,
  Node,
  Session,
  type Socket,
  silentLog,
  sseWire,
  type Wire,
  websocketWire,
} from '../../src/hub/index.ts'
import { type Json, seededRandom } from '../../src/kit/index.ts'
import { channelHash, decodeCursor } from '../../src/protocol/index.ts'

interface Delivery {
  readonly channel: string
  readonly delivery: BrokerMessage
}

/** A node whose broker answers at once and delivers as late as a test wants: history runs ahead of what comes in. */
export class LaggingNode {
  readonly clock = new SimClock()
  readonly judge = new Judge(() => '')
  readonly oracle = new Oracle(this.judge, () => this.clock.now())
  readonly node: Node
  readonly broker: Exchange
  readonly #groups: SocketSet[] = []
  readonly #wires = { sse: sseWire(() => this.#openGroup()), websocket: websocketWire(() => this.#openGroup()) }
  #late: Delivery[] = []
  #numbers = 0

  constructor(
    readonly namespace: Namespace,
    limits: Partial<Limits> = {},
    /** Whether the broker's offsets skip. */
    isSparse = false,
  ) {
    const { clock } = this
    const namespaces = new Namespaces([namespace])
    const random = seededRandom(1)
    const all = { ...defaultLimits, ...limits }
    const sink = {
      deliver: (channel: string, delivery: BrokerMessage) => {
        if (delivery.kind === 'publication') this.oracle.record(channel, delivery.epoch, delivery.publication)
        this.#late.push({ channel, delivery })
      },
      control: () => {},
      mayHaveMissed: () => {},
      removed: () => {},
    }
    const open = (outlet: BrokerSink) => new MemoryBroker({ clock, random, namespaces, limits: all }, outlet)
    this.broker = isSparse ? new SparseBroker(open, sink) : open(sink)
    this.node = new Node({
      name: 'lagging',
      version: 'test',
      clock,
      random,
      log: silentLog,
      limits: all,
      namespaces,
      hooks: {},
      insecure: true,
      anonymousAllowed: true,
      connectBroker: () => this.broker,
      openPresence: broker => new MemoryPresence({ clock, limits: all, namespaces }, broker),
    })
  }

  get channel(): string {
    return `${this.namespace.name}:1`
  }

  publish(options: { readonly skipHistory?: boolean; readonly text?: string } = {}): void {
    const { text = 'x', ...rest } = options
    const data: Json = { n: ++this.#numbers, text }
    void this.node.publish(this.channel, data, { ...rest, delta: true })
    this.clock.settle()
  }

  /** Lets some of what is on its way arrive. */
  arrive(count = this.#late.length): void {
    this.deliver(count)
    this.clock.settle()
  }

  /** The same, with more to come in the same turn. */
  deliver(count: number): void {
    for (const { channel, delivery } of this.#late.splice(0, count)) this.node.deliver(channel, delivery)
  }

  /** Writes that went to a group of clients. */
  get groups(): number {
    return this.#groups.reduce((sum, { writes }) => sum + writes, 0)
  }

  #openGroup(): SocketSet {
    const group = new SocketSet()
    this.#groups.push(group)
    return group
  }

  client(wireName: Wire['name'] = 'websocket'): LaggingClient {
    return new LaggingClient(this, this.#wires[wireName])
  }
}

interface Message {
  readonly id?: number
  readonly subscribe?: WireSubscription
  readonly unsubscribe?: object
  readonly push?: WirePush
}

/** A client of a lagging node that keeps what it knows of the channel over its connections. */
export class LaggingClient implements Socket {
  readonly view: View
  /** What it was told, without the places. */
  readonly story: string[] = []
  session: Session
  bytesHeld = 0
  writes = 0
  isClosed = false
  #commands = 0
  /** The command that subscribes to the channel. */
  #asked = 0

  constructor(
    readonly stage: LaggingNode,
    readonly wire: Wire,
  ) {
    const { judge, oracle, clock, namespace, channel } = stage
    this.view = new View(
      { judge, oracle, tally: new Tally(), now: () => clock.now(), promptMs: undefined },
      channel,
      namespace,
      'the client',
    )
    this.session = this.#connect()
  }

  reconnect(): void {
    this.session.closed()
    this.view.end()
    this.session = this.#connect()
  }

  /** Asks something else, to be answered behind all that was delivered before; more may come in the same turn. */
  ask(command: object): void {
    this.session.receive(JSON.stringify({ id: ++this.#commands, ...command }))
  }

  subscribe(): void {
    const { position, channel, namespace } = this.view
    const recovery = position === undefined ? {} : { recover: true, ...position }
    const delta = namespace.delivery.delta !== 'never' ? { delta: 'fossil' } : {}
    this.#asked = this.#commands + 1
    this.#send({ subscribe: { channel, recoverable: true, ...delta, ...recovery } })
  }

  write(bytes: Bytes): boolean {
    this.writes++
    if (this.wire.name === 'sse') this.#event(new TextDecoder().decode(Buffer.from(bytes)))
    else for (const message of readMessages(String(bytes))) this.#message(message)
    return true
  }

  bufferedBytes(): number {
    return this.bytesHeld
  }

  close(): void {
    this.isClosed = true
    this.view.end()
  }

  #connect(): Session {
    const { node, clock } = this.stage
    const session = new Session(node, `c${this.#commands++}`, this, this.wire, 'here')
    this.session = session
    node.sessions.add(session)
    this.#send({ connect: {} })
    clock.settle()
    return session
  }

  #send(command: object): void {
    this.ask(command)
    this.stage.clock.settle()
  }

  #message({ id, subscribe, unsubscribe, push }: Message): void {
    if (subscribe !== undefined) this.story.push(`subscribed, recovered: ${subscribe.recovered} ${numbersIn(subscribe.publications)}`)
    if (push?.pub !== undefined) this.story.push(numbersIn([push.pub]))
    if (push?.unsubscribe !== undefined) this.story.push('unsubscribed by the server')
    if (subscribe !== undefined && id === this.#asked) this.view.begin(subscribe, this.view.position)
    if (unsubscribe !== undefined) this.view.end()
    if (push?.pub !== undefined) this.view.take(push.pub)
    if (push?.unsubscribe !== undefined) this.view.end()
  }

  /** Replies stand in events as they are; a cursor must say what was received. */
  #event(text: string): void {
    const id = /^id: (.*)$/m.exec(text)?.[1]
    const event = readEvent(/^data: (.*)$/m.exec(text)?.[1] ?? '{}')
    for (const message of event.batch ?? [event]) this.#message({ ...message, push: message })
    const said = id === undefined ? undefined : decodeCursor(id)?.positions.get(channelHash(this.view.channel))
    const { position, channel } = this.view
    if (said !== undefined)
      this.stage.judge.hold(
        Bun.deepEquals(said, position),
        `the cursor of ${channel} says ${JSON.stringify(said)} at ${JSON.stringify(position)}`,
      )
  }
}

function numbersIn(publications: readonly { readonly data?: unknown }[] = []): string {
  return publications.map(({ data }) => JSON.stringify(data)).join(' ')
}
