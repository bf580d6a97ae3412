import { z } from 'zod'
import { everyAsync, type Json, type Random, type Timer } from '../../kit/index.ts'
import type { Following, PublishOptions, ServiceHost, Sql } from '../../service.ts'
import { FollowedInboxes } from './followed-inboxes.ts'
import { limits } from './limits.ts'
import { orderChannel } from './namespaces.ts'
import { appendsBetween, type InboxAppend, inboxChannel, type PlaceRange, placeBefore, placeNow, toJson } from './store/index.ts'
import { Tail } from './tail.ts'

const placeSchema = z.object({ place: z.number() })

export interface DeliveriesParts {
  readonly server: ServiceHost
  readonly sql: Sql
  readonly epoch: string
  readonly random: Random
}

/**
 * What comes into inboxes, handed to whoever follows them here. Each node reads what the others have committed, so that no message goes between them but
 * the word that there is something; one that is lost is made up for by looking.
 */
export class Deliveries {
  readonly followed: FollowedInboxes
  readonly #tail: Tail
  #following: Following | undefined
  #looking: Timer | undefined

  constructor(readonly parts: DeliveriesParts) {
    const { server, sql, random } = parts
    const { clock } = server
    this.followed = new FollowedInboxes({
      late: (append, pts) => this.#publishAt(append, pts),
      before: ({ person, place }) => sql.transaction(tx => placeBefore(tx, person, place)),
      failed: (person, error) => server.log.error({ user: person, err: error }, 'it could not be read where an inbox stands'),
    })
    this.#tail = new Tail({
      clock,
      random,
      read: stretch => appendsBetween(sql, stretch, person => this.followed.has(person), clock.now()),
      hand: appends => this.#hand(appends),
      failed: error => server.log.error({ err: error }, 'what other nodes put into inboxes could not be read; trying again'),
    })
  }

  async start(): Promise<void> {
    const { server, sql } = this.parts
    this.#tail.begin(await placeNow(sql))
    this.#following = server.follow(orderChannel, {
      begin() {},
      apply: ({ data }) => this.#tail.reaches(placeSchema.parse(data).place),
      replaceState() {},
      onGap() {},
    })
    this.#looking = everyAsync(
      server.clock,
      limits.lookMs,
      async () => this.#tail.reaches(await placeNow(sql)),
      error => server.log.error({ err: error }, 'chat could not look for what other nodes have said'),
    )
  }

  close(): void {
    this.#looking?.cancel()
    this.#following?.end()
    this.#tail.close()
  }

  /** This node has put something into inboxes. */
  committed(appends: readonly InboxAppend[], stretch: PlaceRange): void {
    this.#tail.committed(appends, stretch)
    if (appends.length > 0) this.#publish(orderChannel, { place: stretch.to })
  }

  /** To whoever follows these inboxes here. */
  #hand(appends: readonly InboxAppend[]): void {
    for (const append of appends) {
      const pts = this.followed.take(append)
      if (pts !== undefined) this.#publishAt(append, pts)
    }
  }

  #publishAt({ person, entry }: InboxAppend, pts: number): void {
    this.#publish(inboxChannel(person), toJson(entry), { at: { epoch: this.parts.epoch, offset: pts }, here: true })
  }

  #publish(channel: string, data: Json, options: PublishOptions = {}): void {
    const { server } = this.parts
    server.publish(channel, data, options).catch((error: unknown) => {
      // It is in the inbox: devices get it when they ask again.
      server.log.error({ channel, err: error }, 'an entry was stored but not delivered')
    })
  }
}
