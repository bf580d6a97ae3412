import type { Namespace } from '../../../src/hub/index.ts'
import type { Position } from '../../../src/protocol/index.ts'
import {
  type Board,
  gameListSchema,
  gameMessageSchema,
  leagueMessageSchema,
  snapshotSchema,
} from '../../../src/services/sports/model/index.ts'
import { applyMessage, hasGapBefore, joinSnapshot, type MatchView } from '../../../src/services/sports/web/match-view.ts'
import { Followed, type FollowedContext } from '../../clients/followed.ts'
import type { ChannelView } from '../../clients/user.ts'
import type { WirePublication, WireSubscription } from '../../clients/wire.ts'

/** A viewer's place in a channel of sports, and what is shown of it. */
abstract class SportsView implements ChannelView {
  isOn = false
  readonly follows = true
  /** When something last came that changed what is shown. */
  changedAt = 0
  protected readonly followed: Followed

  constructor(
    readonly context: FollowedContext,
    readonly channel: string,
    readonly namespace: Namespace,
    readonly who: string,
    readonly delayMs = 0,
  ) {
    this.followed = new Followed(context, this)
  }

  get position(): Position | undefined {
    return this.followed.position
  }

  begin(reply: WireSubscription, since: Position | undefined): void {
    this.followed.hold(!this.isOn, 'began twice')
    this.isOn = true
    this.followed.begin(reply, since)
    const missed = this.followed.recover(reply, since)
    this.join(reply)
    for (const publication of missed) this.take(publication)
  }

  end(): void {
    this.isOn = false
  }

  take(publication: WirePublication): void {
    this.followed.hold(this.isOn, 'got a publication outside of a subscription')
    const isUrgent = (publication.offset ?? 0) > 0
    this.context.tally.count(isUrgent ? 'urgent messages' : 'lesser messages')
    if (isUrgent) this.followed.take(publication)
    if (publication.removed !== true) this.apply(publication, isUrgent)
  }

  joined(): void {}

  left(): void {}

  /** The state that comes with a subscription. */
  protected abstract join(reply: WireSubscription): void
  protected abstract apply(publication: WirePublication, isUrgent: boolean): void
}

/** One game as a page shows it, by the page's own code. */
export class GameView extends SportsView {
  match: MatchView | undefined

  protected join({ data }: WireSubscription): void {
    const snapshot = snapshotSchema.safeParse(data)
    this.followed.hold(snapshot.success || data === null, 'was given no snapshot')
    if (snapshot.success) this.#show(joinSnapshot(this.match, snapshot.data))
  }

  protected apply({ data }: WirePublication): void {
    const message = gameMessageSchema.parse(data)
    const before = this.match
    if (before === undefined) {
      this.followed.hold(message.type === 'snapshot', `was told "${message.type}" before it had anything`)
      if (message.type === 'snapshot') this.#show(joinSnapshot(undefined, message.snapshot))
      return
    }
    // What is behind a slow line is overtaken by the time of day: a page that hears of a later version fetches it.
    const isOvertaken = message.type === 'clock'
    if (isOvertaken && hasGapBefore(before, message)) this.context.tally.count('told of a version before it came')
    else this.followed.hold(!hasGapBefore(before, message), `stands at ${before.board.version} and was told ${JSON.stringify(message)}`)
    this.#show(applyMessage(before, message))
  }

  #show(after: MatchView): void {
    const before = this.match
    if (before !== undefined && before.run === after.run)
      this.followed.hold(after.board.version >= before.board.version, `went back from ${before.board.version} to ${after.board.version}`)
    if (before !== after) this.changedAt = this.context.now()
    this.match = after
  }
}

/** The boards of a league as a list of games shows them. */
export class LeagueView extends SportsView {
  boards = new Map<string, Board>()

  protected join({ data }: WireSubscription): void {
    const list = gameListSchema.safeParse(data)
    this.followed.hold(list.success, 'was given no list')
    if (list.success) for (const { id, board } of list.data.games) this.#show(id, board)
  }

  protected apply({ data }: WirePublication): void {
    const message = leagueMessageSchema.parse(data)
    if (message.type === 'board') this.#show(message.game, message.board)
    if (message.type === 'game') this.#show(message.game.id, message.game.board)
  }

  #show(id: string, board: Board): void {
    const before = this.boards.get(id)
    if (before !== undefined && before.version >= board.version) return
    this.boards.set(id, board)
    this.changedAt = this.context.now()
  }
}
