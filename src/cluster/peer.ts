import type { Log } from '../hub/index.ts'
import { backoffMs, type Clock, every, type Random, type Timer, unreachable, within } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Connector } from './connector.ts'
import { BrokenLink, Link, type LinkPeer } from './link.ts'
import type { ClusterMember } from './placement/index.ts'
import { linkCloses, linkVersion, protocol } from './protocol.ts'
import type { NodeReport } from './report.ts'
import type { Request } from './row.ts'
import type { Respondent } from './survey.ts'

export interface PeerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** This node's id. */
  readonly id: string
  readonly secret: string
  readonly connect: Connector
}

type PeerState =
  | { readonly kind: 'connecting'; readonly link: Link }
  | { readonly kind: 'up'; readonly link: Link }
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'closed' }

const retry = { baseMs: 100, capMs: 2000 } as const
/** How long requests wait for a link that is being made. */
const patienceMs = 3000
const beatMs = 1000
/** A peer answers every beat; one that is not heard for so many is gone, though the connection stands. */
const silentBeatsMax = 5
/** Requests that wait for a link. Beyond, they fail at once. */
const waitingMax = 10_000

/** The link from a node to another one of the same standing, over which it asks. What the other asks comes over a link of its own. */
export class Peer implements Respondent {
  /** That node and all below it, as it last said. */
  reports: readonly NodeReport[] = []
  #state: PeerState
  readonly #beats: Timer
  readonly #waiting = new Set<PromiseWithResolvers<Link>>()
  #failures = 0

  constructor(
    readonly member: ClusterMember,
    readonly options: PeerOptions,
  ) {
    this.#beats = every(options.clock, beatMs, () => this.#beat())
    this.#state = this.#connect()
  }

  get isUp(): boolean {
    return this.#state.kind === 'up'
  }

  /** @throws BrokenLink where there is no link in time, or it breaks before the answer */
  async request<In, Out>(row: Request<In, Out>, input: In): Promise<Out> {
    if (this.#state.kind === 'up') return await this.#state.link.request(row, input)
    if (this.#state.kind === 'closed' || this.#waiting.size >= waitingMax) throw new BrokenLink()
    const up = Promise.withResolvers<Link>()
    this.#waiting.add(up)
    try {
      const link = await within(this.options.clock, patienceMs, up.promise, () => new BrokenLink())
      return await link.request(row, input)
    } finally {
      this.#waiting.delete(up)
    }
  }

  close(): void {
    const state = this.#state
    this.#state = { kind: 'closed' }
    this.#beats.cancel()
    for (const { reject } of this.#waiting) reject(new BrokenLink())
    this.#waiting.clear()
    if (state.kind === 'waiting') state.timer.cancel()
    if (state.kind === 'up') state.link.close(linkCloses.normal.code, linkCloses.normal.reason)
    if (state.kind === 'connecting') state.link.terminate()
  }

  #connect(): PeerState {
    const { clock, secret, connect } = this.options
    const socket = connect(this.member.address, secret, {
      opened: () => this.#opened(link),
      received: text => this.#received(link, text),
      ended: () => this.#down(link),
    })
    const link = new Link(clock, socket, this.#answering())
    return { kind: 'connecting', link }
  }

  /** Only this end asks. */
  #answering(): LinkPeer {
    return {
      request() {
        throw new CommandError(errors.methodNotFound)
      },
      notified() {},
      failed() {},
      backedUp: bytes => {
        this.options.log.warn({ node: this.member.node, bytes }, 'another node reads too slowly; linking again')
        this.#drop()
      },
    }
  }

  #opened(link: Link): void {
    link.request(protocol.peer, { node: this.options.id, version: linkVersion }).then(
      ({ node }) => (node === this.member.node ? this.#up(link) : this.#drop()),
      (error: unknown) => {
        this.options.log.warn({ err: error, node: this.member.node }, 'another node refused the link; trying again')
        this.#drop()
      },
    )
  }

  #up(link: Link): void {
    if (this.#state.kind !== 'connecting' || this.#state.link !== link) return
    this.#state = { kind: 'up', link }
    this.#failures = 0
    for (const { resolve } of this.#waiting) resolve(link)
    this.#waiting.clear()
    this.#beat()
  }

  #received(link: Link, text: string): void {
    try {
      link.received(text)
    } catch (error) {
      this.options.log.error({ err: error, node: this.member.node }, 'another node sent what cannot be read')
      this.#drop()
    }
  }

  /** It says how it is, which shows that it lives. */
  #beat(): void {
    const state = this.#state
    if (state.kind !== 'up') return
    if (state.link.beat() >= silentBeatsMax) {
      this.#drop()
      return
    }
    state.link.request(protocol.alive, null).then(
      ({ nodes }) => {
        this.reports = nodes
      },
      () => undefined,
    )
  }

  #drop(): void {
    const state = this.#state
    if (state.kind !== 'up' && state.kind !== 'connecting') return
    this.#down(state.link)
    state.link.terminate()
  }

  #down(link: Link): void {
    const state = this.#state
    switch (state.kind) {
      case 'connecting':
      case 'up': {
        if (state.link !== link) return
        link.closed()
        const { clock, random } = this.options
        this.#state = { kind: 'waiting', timer: clock.after(backoffMs(this.#failures++, random, retry), () => this.#retry()) }
        return
      }
      case 'waiting':
      case 'closed':
        return
      default:
        unreachable(state)
    }
  }

  #retry(): void {
    if (this.#state.kind === 'waiting') this.#state = this.#connect()
  }
}
