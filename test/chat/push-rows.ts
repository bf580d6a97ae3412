import type { NotePreview, OwedCursor, OwedMessage, PushRows, PushSubscription, ShownNote } from '../../src/services/chat/push/index.ts'

/** What the chat's tables hold for pushes, in memory, with the calls that a test counts. */
export class RowsInMemory implements PushRows {
  readonly forgotten: PushSubscription[][] = []
  /** By device, as `<user>-<device>`. */
  readonly acknowledgements = new Map<string, number>()
  /** What somebody has read, as `<user> <conversation>`. */
  readonly read = new Map<string, number>()
  readonly unwanted = new Set<string>()
  readonly previews = new Map<string, NotePreview>()
  readonly unread = new Map<string, number>()
  owedMessages: (OwedMessage & { readonly user: string; readonly ts: number })[] = []
  subscribed: PushSubscription[] = []
  notes: ShownNote[] = []
  showCalls = 0
  /** Rejects every question while it is set. */
  isBroken = false

  async subscriptions(user: string): Promise<readonly PushSubscription[]> {
    if (this.isBroken) throw new Error('the store is away')
    return this.subscribed.filter(subscription => subscription.user === user)
  }

  async forget(subscriptions: readonly PushSubscription[]): Promise<void> {
    this.forgotten.push([...subscriptions])
    const isDead = (one: PushSubscription) =>
      subscriptions.some(({ user, device, endpoint }) => user === one.user && device === one.device && endpoint === one.endpoint)
    this.subscribed = this.subscribed.filter(one => !isDead(one))
  }

  async badge(user: string): Promise<number> {
    return this.unread.get(user) ?? 0
  }

  async unaware(user: string, { conversation, seq, offset }: OwedMessage): Promise<readonly PushSubscription[]> {
    if ((this.read.get(`${user} ${conversation}`) ?? 0) >= seq) return []
    return (await this.subscriptions(user)).filter(one => (this.acknowledgements.get(`${user}-${one.device}`) ?? 0) < offset)
  }

  /** Everything, but for what a test has put into `unwanted`, as `<user> <conversation> <seq>`. */
  async wanted(user: string, conversation: string, from: number, to: number): Promise<ReadonlySet<number>> {
    const all = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    return new Set(all.filter(seq => !this.unwanted.has(`${user} ${conversation} ${seq}`)))
  }

  async preview(user: string, conversation: string, seq: number): Promise<NotePreview | undefined> {
    return this.previews.get(`${user} ${conversation} ${seq}`)
  }

  async owed(since: number, limit: number, after?: OwedCursor): Promise<readonly (OwedMessage & { readonly user: string })[]> {
    const behind = (user: string, offset: number) =>
      after === undefined || user > after.user || (user === after.user && offset > after.offset)
    return this.owedMessages
      .filter(({ user, offset, ts }) => ts >= since && behind(user, offset))
      .sort((a, b) => (a.user === b.user ? a.offset - b.offset : a.user < b.user ? -1 : 1))
      .slice(0, limit)
      .map(({ ts: _, ...message }) => message)
  }

  async shown(user: string, conversation: string): Promise<readonly ShownNote[]> {
    return this.notes.filter(note => note.user === user && note.conversation === conversation)
  }

  async show(notes: readonly ShownNote[]): Promise<void> {
    this.showCalls++
    await this.unshow(notes)
    this.notes.push(...notes)
  }

  async unshow(notes: readonly ShownNote[]): Promise<void> {
    const isIn = (one: ShownNote) =>
      notes.some(({ user, device, conversation }) => user === one.user && device === one.device && conversation === one.conversation)
    this.notes = this.notes.filter(note => !isIn(note))
  }
}
