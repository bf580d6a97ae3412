import { type Exchange, pushTo, type SessionPush } from '../hub/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import { Children, type ChildrenContext } from './children.ts'
import type { ControlLog } from './control-log.ts'
import { globOf } from './glob.ts'
import { HostStats } from './host-stats.ts'
import { protocol } from './protocol.ts'
import type { NodeReport, NodeRole } from './report.ts'
import { nodeOfSession, StreamDirectory } from './stream-directory.ts'
import { sumByName, survey } from './survey.ts'
import { notReady, type Route, type TopologyHost, type TopologyOptions } from './topology-host.ts'

/** The context that a topology gives for the nodes below. */
export interface BelowContext extends Pick<ChildrenContext, 'isRoot' | 'peers' | 'welcome' | 'revocations' | 'redeem' | 'changed'> {
  readonly controls: ControlLog
  readonly region: string
  exchange(): Exchange | undefined
  role(): NodeRole
  /** The channels followed upstream; undefined if there is no upstream. */
  followed(): number | undefined
  /** The route to a session that is neither here nor below. */
  routeBeyond(session: string): Route
}

/** How long nodes below may take to say which channels they have. A node is given up by then. */
const channelsMs = 10_000
/** How long a worker may take to list what it has. */
const workerAnswerMs = 1000

/** Everything below a node, whatever is above it: links, figures, and the way down to sessions. Every topology has one. */
export class Below {
  readonly children: Children
  readonly hostStats: HostStats
  readonly streams = new StreamDirectory(() => this.host)
  #host: TopologyHost | undefined

  constructor(
    readonly options: TopologyOptions,
    readonly context: BelowContext,
  ) {
    this.children = this.#createChildren()
    this.hostStats = new HostStats(
      options.clock,
      () => this.#ownReport(),
      () => this.children.all(),
    )
  }

  join(host: TopologyHost): void {
    this.#host = host
  }

  /** @throws CommandError 503 before the server is there */
  get host(): TopologyHost {
    if (this.#host === undefined) throw notReady('the node is starting')
    return this.#host
  }

  /** This node and all below it. */
  reports(): NodeReport[] {
    const { id } = this.options
    return [this.#ownReport(), ...this.children.reports().map(report => (report.parent === '' ? { ...report, parent: id } : report))]
  }

  /** Down to a session, if it is here or below. */
  route(session: string): Route {
    const at = nodeOfSession(session)
    if (at === this.options.id) return { kind: 'here' }
    const link = this.children.below(at)?.link
    return link === undefined ? { kind: 'nowhere' } : { kind: 'there', node: link }
  }

  /** To a session, wherever it is. */
  routeTo(session: string): Route {
    const route = this.route(session)
    return route.kind === 'nowhere' ? this.context.routeBeyond(session) : route
  }

  /** Sends to one client, here or below. False where nobody has it, and where the node that has it could not say so. */
  async push(pushed: SessionPush): Promise<boolean> {
    if (pushTo(this.host.node, pushed)) return true
    const following = [...this.children.all()].filter(({ channels }) => channels.has(pushed.channel)).map(({ link }) => link)
    const terms = { clock: this.options.clock, deadlineMs: channelsMs, isWhole: false }
    return (await survey(following, protocol.push, pushed, terms)).includes(true)
  }

  /** How many subscriptions each channel has whose name matches, here and below. */
  async channels(pattern: string): Promise<Readonly<Record<string, number>>> {
    const passes = globOf(pattern)
    if (passes === undefined) throw new CommandError(errors.badRequest, 'pattern: expected one like "news:*"')
    const here = [...this.host.node.hub.channels()].filter(({ name, live }) => live > 0 && passes(name))
    const links = [...this.children.all()].map(({ link }) => link)
    const terms = { clock: this.options.clock, deadlineMs: channelsMs, isWhole: true }
    const below = await survey(links, protocol.channels, { pattern }, terms)
    return sumByName([...here.map(({ name, live }) => ({ [name]: live })), ...below])
  }

  /** The rows of the workers of this machine; a worker that does not answer soon is left out. */
  surveyWorkers(): Promise<readonly unknown[]> {
    const workers = [...this.children.all()].filter(({ reports }) => reports[0]?.role === 'worker').map(({ link }) => link)
    return survey(workers, protocol.stats, null, { clock: this.options.clock, deadlineMs: workerAnswerMs, isWhole: false })
  }

  #createChildren(): Children {
    const { clock, log, secret, isSecret } = this.options
    const { controls, isRoot, peers, welcome, revocations, redeem, changed, exchange } = this.context
    return new Children({
      ...{ clock, log, controls, secret, isSecret, isRoot, peers, welcome, revocations, redeem, changed },
      node: () => this.host.node,
      exchange: () => {
        const open = exchange()
        if (open === undefined) throw notReady('the node is starting')
        return open
      },
      changeWatch: change => this.streams.change(this.routeTo(change.session), change),
      takeWatch: (session, user) => this.streams.take(this.routeTo(session), session, user),
      happened: (event, owner) => this.host.node.emit(event, owner),
      left: owner => this.host.node.lost(owner),
      parted: report => this.hostStats.parted(report),
    })
  }

  #ownReport(): NodeReport {
    const { node } = this.host
    const { sessions, hub, counters } = node
    const { accepted, delivered, writes, bytesOut, dropped, commands, recovered, unrecovered, errors, closes } = counters
    return {
      node: node.id,
      role: this.context.role(),
      region: this.context.region,
      parent: '',
      viewers: sessions.size,
      websockets: sessions.websockets,
      subscriptions: hub.subscriptions,
      channels: this.#channelCount(),
      published: accepted,
      delivered,
      relayed: this.children.relayed,
      writes,
      bytesOut,
      dropped,
      commands,
      recovered,
      unrecovered,
      errors: Object.fromEntries(errors),
      closes: Object.fromEntries(closes),
    }
  }

  #channelCount(): number {
    const { hub } = this.host.node
    const followed = this.context.followed()
    if (followed !== undefined) return followed
    if (this.children.size === 0) return hub.size
    const names = new Set([...this.children.all()].flatMap(child => [...child.channels]))
    for (const { name } of hub.channels()) names.add(name)
    return names.size
  }
}
