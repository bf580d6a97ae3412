import type { Driver, Form, Info, Published, Told } from './driver.ts'

interface Subscribing {
  readonly recoverable?: boolean
  readonly positioned?: boolean
  readonly joinLeave?: boolean
  readonly delta?: boolean
  readonly token?: string
  readonly tokens?: readonly string[]
  readonly data?: unknown
}

interface Opening {
  readonly token?: string
  readonly tokens?: readonly string[]
  readonly data?: unknown
  /** Milliseconds until centrifuge-go gives up what it waits for. */
  readonly patience?: number
}

interface HistoryPage {
  readonly publications: readonly Published[]
  readonly offset: number
  readonly epoch: string
}

/** One client of an SDK, as a test speaks to it. */
export class Peer {
  constructor(
    readonly driver: Driver,
    readonly name: string,
  ) {}

  static async open(driver: Driver, { form }: Pick<Form, 'form'>, url: string, opening: Opening = {}, name = 'alice'): Promise<Peer> {
    await driver.call('open', { client: name, form, url, ...opening })
    return new Peer(driver, name)
  }

  /** Everything it was told, in order. */
  get told(): Told[] {
    return this.driver.told.filter(({ client }) => client === this.name)
  }

  /** How much has been told to anybody so far: a place to look from. */
  get now(): number {
    return this.driver.told.length
  }

  of(on: string, channel?: string): Told[] {
    return this.told.filter(event => event.on === on && event.channel === channel)
  }

  data(channel: string): unknown[] {
    return this.of('publication', channel).map(({ data }) => data)
  }

  next(on: string, channel?: string, from = 0, isWanted: (event: Told) => boolean = () => true): Promise<Told> {
    const what = `${on} ${channel ?? ''} of ${this.name}`
    return this.driver.next(
      what,
      event => event.client === this.name && event.on === on && event.channel === channel && isWanted(event),
      from,
    )
  }

  gets(channel: string, data: unknown, from = 0): Promise<Told> {
    const wanted = JSON.stringify(data)
    return this.next('publication', channel, from, event => JSON.stringify(event.data) === wanted)
  }

  call(what: string, parameters: object = {}): Promise<unknown> {
    return this.driver.call(what, { client: this.name, ...parameters })
  }

  async connect(): Promise<this> {
    const from = this.now
    await this.call('connect')
    await this.next('connected', undefined, from)
    return this
  }

  async disconnect(): Promise<void> {
    const from = this.now
    await this.call('disconnect')
    await this.next('disconnected', undefined, from)
  }

  async subscribe(channel: string, options: Subscribing = {}): Promise<Told> {
    const from = this.now
    await this.call('subscribe', { channel, ...options })
    return await this.next('subscribed', channel, from)
  }

  async presence(channel: string): Promise<Readonly<Record<string, Info>>> {
    return (await this.call('presence', { channel })) as Readonly<Record<string, Info>>
  }

  async history(
    channel: string,
    options: { limit?: number; since?: { offset: number; epoch: string }; reverse?: boolean },
  ): Promise<HistoryPage> {
    return (await this.call('history', { channel, ...options })) as HistoryPage
  }
}
