import { between, type Random } from '../../src/kit/index.ts'
import type { InboxEntry } from '../../src/services/chat/model/wire.ts'
import { until } from '../kit/index.ts'
import { IrcActor, lineOf } from './irc-actor.ts'
import type { IrcStep } from './irc-script.ts'
import { Refusal } from './lean-device.ts'

/** Milliseconds of a minute of the log: a thousandth of it. */
const minuteMs = 60
/** Steps between two devices that are switched off, and steps that each misses: more than a window of a backlog holds (chat M5). */
const sleepEvery = 150
const sleepSteps = 400

type Said = Extract<IrcStep, { kind: 'say' }>

/**
 * One recorded day, played in a group: users come and go as the log says, and say what they said, one after another, each over the connection
 * of their own device. Connections break all the while, some with a message on its way.
 */
export class IrcDay {
  readonly actors = new Map<string, IrcActor>()
  /** What is to stand at each place of the conversation, by the log. */
  readonly expected = new Map<number, string>()
  /** What came under each place, to whoever had it first. */
  readonly seen = new Map<number, string>()
  readonly faults: string[] = []
  /** Milliseconds from before a message was sent until a device had it. */
  readonly delays: number[] = []
  readonly counts = { members: 0, messages: 0, replies: 0, blind: 0, cuts: 0, retries: 0, sleepers: 0, deliveries: 0 }
  conversation = ''
  readonly #operator: IrcActor
  readonly #seqOfLine = new Map<number, number>()
  readonly #first = new Map<number, InboxEntry>()
  readonly #sentAt = new Map<number, number>()
  readonly #arrivals = new Map<number, number[]>()
  readonly #present: IrcActor[] = []
  readonly #removed = new Set<string>()
  readonly #left = new Set<string>()
  readonly #asleep: { readonly actor: IrcActor; readonly until: number }[] = []
  readonly #background = new Set<Promise<void>>()

  constructor(
    readonly wsUrl: string,
    readonly name: string,
    readonly steps: readonly IrcStep[],
    readonly random: Random,
  ) {
    this.#operator = this.actor(`operator of ${name}`)
  }

  /** @param idleMinutes as much of a pause is waited for */
  async play(idleMinutes: number): Promise<void> {
    await this.#operator.device.connect()
    const { device, user } = this.#operator
    const { conversation, summary } = await device.call('chat.group', { title: this.name, members: [], cid: this.name })
    this.conversation = conversation
    this.#operator.enter(this.#append(summary.seq, `${user} created ${user}`))
    this.#present.push(this.#operator)
    const { code = '' } = await device.call('chat.invite', { conversation })
    const times = paced(this.steps, idleMinutes)
    const start = performance.now()
    for (const [index, step] of this.steps.entries()) {
      const wait = start + (times[index] ?? 0) - performance.now()
      if (wait > 1) await Bun.sleep(wait)
      if (step.kind === 'enter') await this.#enter(step.user, step.how === 'joined', code)
      else if (step.kind === 'exit') await this.#exit(step.user, step.how === 'left')
      else await this.#say(step)
      this.#disturb(index)
    }
    await Promise.all(this.#background)
  }

  /** Everyone comes back and gets the rest. */
  async settle(atOnce = 40): Promise<void> {
    const actors = [...this.actors.values()]
    for (let from = 0; from < actors.length; from += atOnce) {
      await Promise.all(
        actors.slice(from, from + atOnce).map(actor =>
          actor.persist(async device => {
            const { conversations, top } = await device.call('chat.conversations', {})
            await until(`${actor.user} has ${top}`, () => device.place >= top)
            await device.acknowledge()
            const { unread = -1, members = [] } = conversations.find(({ id }) => id === this.conversation) ?? {}
            this.#compare(actor, unread, members.find(({ user }) => user === actor.user)?.read)
            device.close()
          }),
        ),
      )
    }
    this.#measure()
  }

  /** All pages of the conversation, to whoever was there all the time. */
  async history(): Promise<[seq: number, line: string][]> {
    return this.#operator.persist(async device => {
      const lines: [number, string][] = []
      for (let after = 0; ; ) {
        const { entries, has_more } = await device.call('chat.history', { conversation: this.conversation, after, limit: 100 })
        lines.push(...entries.map((entry): [number, string] => [entry.seq, lineOf(entry)]))
        after = lines.at(-1)?.[0] ?? 0
        if (!has_more) return lines
      }
    })
  }

  close(): void {
    for (const { device } of this.actors.values()) device.close()
  }

  actor(user: string): IrcActor {
    const known = this.actors.get(user)
    if (known !== undefined) return known
    const actor = new IrcActor(this.wsUrl, user, this.name, (who, entry, isLive) => this.#hear(who, entry, isLive))
    this.actors.set(user, actor)
    return actor
  }

  /** Whoever was put out is let in by the operator, and whoever went comes back by own choice, as the rules have it. */
  async #enter(user: string, joins: boolean, code: string): Promise<void> {
    const actor = this.actor(user)
    await actor.persist(async () => {})
    const { conversation } = this
    if (this.#removed.has(user) || (!joins && !this.#left.has(user))) {
      const { seq } = await this.#operator.persist(device => device.call('chat.add', { conversation, users: [user] }))
      actor.enter(this.#append(seq, `${this.#operator.user} added ${user}`))
    } else {
      const joined = await actor.persist(device => device.call('chat.join', { code }))
      actor.enter(this.#append(joined.summary.seq, `${user} joined ${user}`))
    }
    this.#present.push(actor)
    this.counts.members = Math.max(this.counts.members, this.#present.length)
  }

  async #exit(user: string, isOwn: boolean): Promise<void> {
    const actor = this.actor(user)
    const { conversation } = this
    const { seq } = isOwn
      ? await actor.persist(device => device.call('chat.leave', { conversation }))
      : await this.#operator.persist(device => device.call('chat.remove', { conversation, users: [user] }))
    actor.exit(this.#append(seq, isOwn ? `${user} left ${user}` : `${this.#operator.user} removed ${user}`))
    if (isOwn) actor.read = seq
    this.#removed.delete(user)
    this.#left.delete(user)
    ;(isOwn ? this.#left : this.#removed).add(user)
    this.#present.splice(this.#present.indexOf(actor), 1)
    this.#meanwhile(async () => {
      await Bun.sleep(between(this.random, 0, 50))
      if (!actor.isMember) actor.device.close()
    })
  }

  async #say({ user, line, text, answers }: Said): Promise<void> {
    const actor = this.actor(user)
    const answered = answers === undefined ? undefined : this.#seqOfLine.get(answers)
    const isSeen = answered !== undefined && actor.saw(answered)
    const { conversation } = this
    if (answered !== undefined && !isSeen) {
      // It was said before they came, as far as the log shows: nobody answers what they cannot see.
      this.counts.blind++
      const refused = await actor
        .persist(device => device.call('chat.send', { conversation, cid: `${line}`, text, reply_to: answered }))
        .catch((error: unknown) => error)
      if (!(refused instanceof Refusal) || refused.code !== 404) this.faults.push(`${line} answers what its author did not see: ${refused}`)
    }
    const sending = { conversation, cid: `${line}`, text, ...(isSeen ? { reply_to: answered } : {}) }
    const breaks = this.random.next() < 0.02
    let attempts = 0
    const at = performance.now()
    const { seq } = await actor.persist(async device => {
      const sent = device.call('chat.send', sending)
      if (attempts++ === 0 && breaks) {
        this.counts.cuts++
        await Promise.race([Bun.sleep(this.random.next() * 3), sent])
        device.cut()
      }
      return sent
    })
    if (attempts === 1) this.#sentAt.set(seq, at)
    else this.counts.retries++
    if (isSeen) this.counts.replies++
    this.counts.messages++
    this.#seqOfLine.set(line, this.#append(seq, `${user}: ${text}${isSeen ? ` (to ${answered})` : ''}`))
    actor.read = Math.max(actor.read, seq)
  }

  /** What came to be at a place: the one after the last, as nobody else writes here. */
  #append(seq: number, line: string): number {
    if (seq !== this.expected.size + 1) this.faults.push(`${line} is at ${seq}, not ${this.expected.size + 1}`)
    this.expected.set(seq, line)
    return seq
  }

  /** Now and then a connection breaks, a device is switched off, or somebody reads. */
  #disturb(index: number): void {
    for (const sleeper of this.#asleep.filter(({ until }) => until <= index)) {
      this.#asleep.splice(this.#asleep.indexOf(sleeper), 1)
      if (sleeper.actor.isMember) this.#meanwhile(() => sleeper.actor.persist(async () => {}))
    }
    const actor = this.#present[between(this.random, 0, this.#present.length - 1)]
    if (actor?.device.isConnected !== true) return
    if (index % sleepEvery === 0 && actor !== this.#operator) {
      this.counts.sleepers++
      actor.device.cut()
      this.#asleep.push({ actor, until: index + sleepSteps })
    } else if (this.random.next() < 0.03) {
      this.counts.cuts++
      actor.device.cut()
      this.#meanwhile(async () => {
        await Bun.sleep(between(this.random, 0, 100))
        if (actor.isMember) await actor.persist(async () => {})
      })
    } else if (this.random.next() < 0.05) this.#meanwhile(() => this.#read(actor))
  }

  async #read(actor: IrcActor): Promise<void> {
    const seq = [...actor.seqs].at(-1) ?? 0
    const { read } = await actor.persist(device => device.call('chat.read', { conversation: this.conversation, seq }))
    actor.read = Math.max(actor.read, read)
  }

  #hear(actor: IrcActor, entry: InboxEntry & { readonly seq: number }, isLive: boolean): void {
    const { seq } = entry
    if (entry.kind === 'conversation' || entry.kind === 'receipt') return
    // Until its maker knows the group, nothing else can have come.
    if (this.conversation !== '' && entry.conversation !== this.conversation) return
    const first = this.#first.get(seq)
    if (first === undefined) {
      this.#first.set(seq, entry)
      this.seen.set(seq, lineOf(entry))
    } else if (!isSame(first, entry)) this.faults.push(`${seq} is “${lineOf(first)}” to one and “${lineOf(entry)}” to ${actor.user}`)
    if (actor.seqs.has(seq)) return
    actor.seqs.add(seq)
    if (entry.kind === 'message') this.counts.deliveries++
    if (!isLive || entry.kind !== 'message') return
    const arrivals = this.#arrivals.get(seq)
    if (arrivals === undefined) this.#arrivals.set(seq, [performance.now()])
    else arrivals.push(performance.now())
  }

  #compare(actor: IrcActor, unread: number, read: number | undefined): void {
    const { user, seqs } = actor
    const last = this.expected.size
    const owed = actor.stays.flatMap(({ from, to }) => Array.from({ length: Math.min(to, last) - from + 1 }, (_, index) => from + index))
    const had = [...seqs].sort((a, b) => a - b)
    if (!Bun.deepEquals(had, owed)) this.faults.push(`${user} has ${rangesOf(had)}, not ${rangesOf(owed)}`)
    const counted = had.filter(seq => seq > actor.read && this.#isOfAnother(seq, user)).length
    if (unread !== counted) this.faults.push(`${user} was told of ${unread} unread messages, not ${counted}`)
    if (read !== undefined && read !== actor.read) this.faults.push(`${user} has read to ${read}, not ${actor.read}`)
    this.faults.push(...[...actor.faults, ...actor.device.faults].map(fault => `${user}: ${fault}`))
  }

  #isOfAnother(seq: number, user: string): boolean {
    const entry = this.#first.get(seq)
    return entry?.kind === 'message' && entry.author !== user
  }

  #measure(): void {
    for (const [seq, at] of this.#sentAt) for (const arrival of this.#arrivals.get(seq) ?? []) this.delays.push(arrival - at)
  }

  #meanwhile(act: () => Promise<unknown>): void {
    const going = act()
      .catch((error: unknown) => void this.faults.push(`meanwhile: ${error}`))
      .then(() => void this.#background.delete(going))
    this.#background.add(going)
  }
}

/** When each step is, in milliseconds: those of one minute are spread over it. */
export function paced(steps: readonly Pick<IrcStep, 'minute'>[], idleMinutes: number): number[] {
  const times: number[] = []
  let start = 0
  for (let from = 0; from < steps.length; ) {
    const minute = steps[from]?.minute ?? 0
    let to = from
    while (steps[to]?.minute === minute) to++
    for (let index = from; index < to; index++) times.push((start + (Math.min(1, idleMinutes) * (index - from)) / (to - from)) * minuteMs)
    start += Math.min((steps[to]?.minute ?? minute) - minute, idleMinutes)
    from = to
  }
  return times
}

/** Cheaply, as there are hundreds of thousands. */
function isSame(a: InboxEntry, b: InboxEntry): boolean {
  if (a.kind !== 'message' || b.kind !== 'message') return lineOf(a) === lineOf(b)
  return a.mid === b.mid && a.text === b.text && a.author === b.author && a.reply_to === b.reply_to && a.ts === b.ts
}

function rangesOf(seqs: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const seq of seqs) {
    const last = ranges.at(-1)
    if (last !== undefined && seq === last[1] + 1) last[1] = seq
    else ranges.push([seq, seq])
  }
  return ranges.map(([from, to]) => `${from}-${to}`).join(' ')
}
