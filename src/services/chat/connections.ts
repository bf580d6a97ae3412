import { z } from 'zod'
import type { Json } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import type { HookClient, Queries, ServerSideSubscriptions } from '../../service.ts'
import type { FollowedInboxes } from './followed-inboxes.ts'
import { limits } from './limits.ts'
import { isLine } from './model/text.ts'
import type { InboxState } from './model/wire.ts'
import {
  type Acknowledgement,
  acknowledge,
  advanceDevice,
  checkSignedIn,
  findDevice,
  headOf,
  type Inboxes,
  type InboxPlace,
  type Item,
  inboxChannel,
  keepHead,
  linkDevice,
  placeOf,
  type UnitsOfWork,
} from './store/index.ts'

export const deviceSchema = z
  .string()
  .min(1)
  .max(limits.deviceMax)
  .regex(/^[\w.-]+$/, 'letters, digits, "_", "." and "-"')

const helloSchema = z.object({ device: deviceSchema })

/** One connection of a device. Of its backlog, everything up to `sent` is on its way; from behind `live` on it follows the channel. */
interface Connection {
  readonly user: string
  readonly device: string
  readonly live: number
  sent: number
  isConnected: boolean
  readonly connectedAt: number
  /** Since when nobody can say whether it is still there: the node that it was on may have ended without a word. */
  awaySince: number | undefined
}

export interface ConnectionsHost {
  readonly unitsOfWork: UnitsOfWork
  readonly inboxes: Inboxes
  readonly followed: FollowedInboxes
  readonly durability: InboxState['durability']
  readonly limits: NonNullable<InboxState['limits']>
  push(client: string, channel: string, items: readonly Item[]): Promise<boolean>
  failed(user: string, error: unknown): void
}

export interface Acknowledged {
  readonly offset: number
  /** The same in the order of all inboxes. */
  readonly place: number
  readonly backlog: number
}

/**
 * The connections of devices, and what each was sent of the inbox. What came while a device was away is sent in windows: the next one when the
 * last one is acknowledged (chat M5). What comes meanwhile does not wait behind it.
 */
export class Connections {
  readonly #byClient = new Map<string, Connection>()

  readonly #acknowledge: (given: Acknowledgement) => Promise<InboxPlace>

  constructor(readonly host: ConnectionsHost) {
    this.#acknowledge = host.unitsOfWork.gather<Acknowledgement, InboxPlace>(limits.acksTogether, async (change, given) => {
      const { outcomes, moved } = await acknowledge(change.tx, given, change.now)
      for (const conversation of moved) change.receiptsDue.add(conversation)
      return outcomes
    })
  }

  get size(): number {
    return this.#byClient.size
  }

  /** A client that names its device gets its inbox when it connects, from that device's place. */
  async onConnect({ client, user }: HookClient, data: Json | undefined): Promise<ServerSideSubscriptions | undefined> {
    if (user === '' || !asksForInbox(data)) return undefined
    if (!isLine(user, limits.nameMax)) throw new CommandError(errors.badRequest, 'user: not a name that chat can use')
    const hello = helloSchema.safeParse(data)
    if (!hello.success) throw new CommandError(errors.badRequest, `data.device: ${hello.error.issues[0]?.message ?? 'not a name'}`)
    const { device } = hello.data
    const { unitsOfWork, inboxes, durability, limits: told } = this.host
    const { acked, top, truncated } = await unitsOfWork.sql.transaction(tx =>
      welcome(tx, user, device, unitsOfWork.clock.now(), other => this.devicesOf(user).has(other)),
    )
    const isWindowed = top - acked > limits.windowMax
    const connection: Connection = {
      user,
      device,
      live: top,
      sent: isWindowed ? acked : top,
      isConnected: false,
      connectedAt: unitsOfWork.clock.now(),
      awaySince: undefined,
    }
    this.#byClient.set(client, connection)
    const inboxState: InboxState = {
      device,
      acked,
      top,
      backlog: isWindowed ? top - acked : 0,
      durability,
      limits: told,
      now: unitsOfWork.clock.now(),
      ...(truncated === undefined ? {} : { truncated }),
    }
    const since = { epoch: inboxes.epoch, offset: isWindowed ? top : acked }
    return { subs: { [inboxChannel(user)]: { since, data: { ...inboxState } as unknown as Json } } }
  }

  /** The reply is on its way: what the device missed may follow. */
  connected(client: string): void {
    const connection = this.#byClient.get(client)
    if (connection === undefined) return
    connection.isConnected = true
    void this.#continue(client, connection)
  }

  gone(client: string): void {
    this.#byClient.delete(client)
  }

  away(client: string, now: number): void {
    const connection = this.#byClient.get(client)
    if (connection !== undefined) connection.awaySince ??= now
  }

  /** It has acted. */
  back(client: string): void {
    const connection = this.#byClient.get(client)
    if (connection !== undefined) connection.awaySince = undefined
  }

  deviceOf(client: string | undefined): string | undefined {
    return client === undefined ? undefined : this.#byClient.get(client)?.device
  }

  /** Those of a user that are connected. */
  devicesOf(user: string): ReadonlySet<string> {
    const devices = new Set<string>()
    for (const connection of this.#byClient.values())
      if (connection.user === user && connection.awaySince === undefined) devices.add(connection.device)
    return devices
  }

  clientsOf(user: string, device: string): string[] {
    return [...this.#byClient].flatMap(([client, connection]) => (connection.user === user && connection.device === device ? [client] : []))
  }

  /** Moves the device forward, as far as it can have got everything, and sends what comes next. */
  async acknowledge(client: string | undefined, user: string, device: string, offset: number): Promise<Acknowledged> {
    const connection = client === undefined ? undefined : this.#byClient.get(client)
    const owns = connection?.user === user && connection.device === device
    const most = owns && connection.sent < connection.live ? Math.min(offset, connection.sent) : offset
    const upTo = this.host.followed.find(user, most) ?? (await placeOf(this.host.unitsOfWork.sql, user, most))
    const { pts: after, place } = await this.#acknowledge({ person: user, device, upTo })
    if (client !== undefined && owns) await this.#continue(client, connection, after)
    return { offset: after, place, backlog: owns ? Math.max(0, connection.live - Math.max(after, connection.sent)) : 0 }
  }

  /** Drops those that got their inbox's state and then never connected, and those that are gone for all that is known. */
  sweep(now: number): void {
    for (const [client, { user, isConnected, connectedAt, awaySince }] of this.#byClient) {
      const isGone = awaySince !== undefined && awaySince + limits.awayKeptMs < now && !this.host.followed.isOccupied(user)
      if (isGone || (!isConnected && connectedAt + limits.sweepMs < now)) this.#byClient.delete(client)
    }
  }

  async #continue(client: string, connection: Connection, acked = connection.sent): Promise<void> {
    const { sent, live, user } = connection
    const upTo = Math.min(acked + limits.windowMax, live)
    if (sent >= live || upTo <= sent) return
    connection.sent = upTo
    try {
      const items = await this.host.inboxes.items(user, sent, upTo - sent)
      const isThere = await this.host.push(
        client,
        inboxChannel(user),
        items.filter(({ pts }) => pts <= upTo),
      )
      // Nothing of it may be taken for sent: the next acknowledgement tries again.
      if (!isThere) connection.sent = sent
    } catch (error) {
      connection.sent = sent
      this.host.failed(user, error)
    }
  }
}

function asksForInbox(data: Json | undefined): boolean {
  return typeof data === 'object' && data !== null && !Array.isArray(data) && 'device' in data
}

interface Welcome {
  readonly acked: number
  readonly top: number
  readonly truncated?: InboxState['truncated']
}

async function welcome(tx: Queries, user: string, device: string, now: number, isHere: (device: string) => boolean): Promise<Welcome> {
  await checkSignedIn(tx, user, device)
  const known = await findDevice(tx, user, device)
  if (known === undefined) {
    const { pts } = await linkDevice(tx, user, device, now, isHere)
    return { acked: pts, top: pts }
  }
  await tx.run('update chat_device set seen = ?3 where person = ?1 and device = ?2', user, device, now)
  const head = await headOf(tx, user)
  await keepHead(tx, user, head)
  const { pts, floor } = head
  if (known.acked >= floor.pts) return { acked: known.acked, top: pts }
  const truncated = await lost(tx, user, known.seen, floor.place)
  await advanceDevice(tx, user, device, floor, now)
  return { acked: floor.pts, top: pts, truncated }
}

/** The messages of each conversation since a device was last seen that are no longer in the inbox (chat M6). */
async function lost(tx: Queries, user: string, seen: number, floorPlace: number): Promise<Record<string, [number, number]>> {
  const rows = await tx.all<{ conversation: string; first: number; last: number }>(
    `select e.conversation, min(e.seq) as first, max(e.seq) as last from chat_entry e
       join chat_stay s on s.conversation = e.conversation and s.person = ?1 and s.from_seq <= e.seq and (s.to_seq is null or e.seq <= s.to_seq)
     where e.ts > ?2 and e.seq < coalesce(
       (select min(i.seq) from chat_item i where i.person = ?1 and i.conversation = e.conversation and i.kind = 'log' and i.place > ?3), e.seq + 1)
     group by e.conversation order by e.conversation`,
    user,
    seen,
    floorPlace,
  )
  return Object.fromEntries(rows.map(({ conversation, first, last }) => [conversation, [first, last]]))
}
