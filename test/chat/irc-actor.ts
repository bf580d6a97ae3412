import type { InboxEntry } from '../../src/services/chat/model/wire.ts'
import { Broken, LeanDevice } from './lean-device.ts'

/** Connections of a device that may break under one call. */
const attemptsMax = 20

/** What is told of an entry of the log in a line, so that all who have it can be compared. */
export function lineOf(entry: InboxEntry): string {
  switch (entry.kind) {
    case 'message':
      return `${entry.author}: ${entry.text}${entry.reply_to === undefined ? '' : ` (to ${entry.reply_to})`}`
    case 'membership':
      return `${entry.author} ${entry.change} ${entry.users.join()}`
    default:
      return entry.kind
  }
}

/** A stay in the group: the places of the entries that begin and end it. */
interface Stay {
  readonly from: number
  to: number
}

/** A user of a replay and their device: what they ought to have of the group, and what they have. */
export class IrcActor {
  readonly device: LeanDevice
  readonly stays: Stay[] = []
  /** Entries of the log that came, by `seq`. */
  readonly seqs = new Set<number>()
  readonly faults: string[] = []
  /** How far they have read, as the answers to what they did say. */
  read = 0
  readonly #marks = new Map<string, number>()

  /** @param hear is told of each entry of the log, and of when it came if it came live */
  constructor(
    wsUrl: string,
    readonly user: string,
    device: string,
    readonly hear: (actor: IrcActor, entry: InboxEntry & { readonly seq: number }, isLive: boolean) => void,
  ) {
    this.device = new LeanDevice(wsUrl, user, device, (entry, isLive) => this.#take(entry, isLive))
  }

  get isMember(): boolean {
    return this.stays.at(-1)?.to === Number.POSITIVE_INFINITY
  }

  enter(seq: number): void {
    this.stays.push({ from: seq, to: Number.POSITIVE_INFINITY })
    this.read = seq
  }

  exit(seq: number): void {
    const stay = this.stays.at(-1)
    if (stay !== undefined) stay.to = seq
  }

  saw(seq: number): boolean {
    return this.stays.some(({ from, to }) => from <= seq && seq <= to)
  }

  /** Does it over whatever connection there is, again where it breaks. */
  async persist<T>(act: (device: LeanDevice) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.device.connect()
        return await act(this.device)
      } catch (error) {
        if (!(error instanceof Broken) || attempt === attemptsMax) throw error
      }
    }
  }

  #take(entry: InboxEntry, isLive: boolean): void {
    if (entry.kind === 'receipt') this.#mark(entry.conversation, entry.receipts, isLive)
    if (entry.kind === 'conversation' || entry.kind === 'receipt' || entry.kind === 'invited' || entry.seq === 0) return
    this.hear(this, entry, isLive)
  }

  /** Watermarks only rise (chat M9). */
  #mark(conversation: string, receipts: readonly { user: string; read?: number; delivered?: number }[], isLive: boolean): void {
    for (const { user, read = 0, delivered = 0 } of receipts) {
      for (const [kind, seq] of [
        ['read', read],
        ['delivered', delivered],
      ] as const) {
        const key = `${conversation} ${user} ${kind}`
        const before = this.#marks.get(key) ?? 0
        if (isLive && seq > 0 && seq < before) this.faults.push(`${kind} of ${user} went back from ${before} to ${seq}`)
        this.#marks.set(key, Math.max(before, seq))
      }
    }
  }
}
