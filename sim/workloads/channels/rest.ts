import type { Namespace } from '../../../src/hub/index.ts'
import type { Json } from '../../../src/kit/index.ts'
import type { Position } from '../../../src/protocol/index.ts'
import type { User } from '../../clients/user.ts'
import type { Entry, Oracle } from '../../cluster/oracle.ts'
import type { Judge } from '../../core/judge.ts'
import type { ChannelsAtRest, RestingNode } from './nodes.ts'
import type { ChannelsPlan } from './plan.ts'
import { patched, type View } from './view.ts'

export interface RestContext extends ChannelsAtRest {
  readonly plan: ChannelsPlan
  readonly judge: Judge
  readonly oracle: Oracle
  readonly running: readonly RestingNode[]
  readonly users: readonly User<View>[]
}

/** A join and a subscription this close may pass each other. */
const joinSpreadMs = 100

/** When nothing moves any more, everyone must have arrived: connected, subscribed, and knowing what is true. */
export function checkRest(context: RestContext): void {
  for (const user of context.users) {
    context.judge.hold(user.isConnected, `${user.name} has not come back`)
    for (const channel of user.followed) {
      const view = user.views.get(channel)
      context.judge.hold(view?.isOn === true, `${user.name} does not follow ${channel}`)
      if (view?.isOn) checkView(context, view)
    }
  }
  for (const channel of context.plan.channels) checkPresence(context, channel)
  for (const node of context.running) checkOpen(context.judge, node)
  if (context.plan.climate === 'calm') for (const user of context.users) for (const view of user.views.values()) checkSeen(context, view)
}

/** A server has open what its clients follow, and asks the broker for nothing else. */
function checkOpen(judge: Judge, { name, node, asks }: RestingNode): void {
  const followed = new Set(node.sessions.all().flatMap(session => [...session.subscriptions.keys()]))
  const open = [...new Set([...node.hub.channels()].map(({ name }) => name))]
  judge.hold(same(open.sort(), [...followed].sort()), `${name} has open "${open}", and its clients follow "${[...followed]}"`)
  const isExact = asks === undefined || same([...asks].sort(), open)
  judge.hold(isExact, `${name} asks the broker for "${[...(asks ?? [])]}", and has open "${open}"`)
}

/** Where nothing was lost, everyone heard of whoever came after him and is still there, and of nobody else. */
function checkSeen({ plan, judge, oracle, present }: RestContext, { isOn, channel, seen, beganAt, who }: View): void {
  if (!isOn || plan.namespaces.resolve(channel)?.joinLeave !== true) return
  const there = present.get(channel) ?? new Set<string>()
  for (const client of seen) judge.hold(there.has(client), `${who} in ${channel} did not hear that ${client} left`)
  for (const client of there) {
    const cameLater = oracle.joinedAt(channel, client) > beganAt + joinSpreadMs
    judge.hold(!cameLater || seen.has(client), `${who} in ${channel} did not hear that ${client} came`)
  }
}

function checkView({ oracle, ends, judge }: RestContext, view: View): void {
  const { channel, namespace, who } = view
  const entries = oracle.entries(channel)
  const end = ends.get(channel)
  switch (namespace.delivery.name) {
    case 'stream':
      if (view.follows) checkEnd(judge, view, end)
      return
    case 'lanes':
      checkEnd(judge, view, end)
      checkShown(judge, view, oracle.remembered(channel))
      return
    case 'latest': {
      const newest = entries.at(-1)
      if (newest === undefined || newest.epoch !== end?.epoch) return
      // Whoever came back too late for it was told so, and shows nothing in place of an older one.
      if (!view.values.has('') && isForgotten(newest, namespace, oracle)) return
      judge.hold(
        same(view.values.get(''), newest.data),
        `${who} in ${channel} ends with ${show(view.values.get(''))} and not ${show(newest.data)}`,
      )
      return
    }
    case 'conflated': {
      const last = entries.at(-1)
      if (last !== undefined && isForgotten(last, namespace, oracle)) return
      const truth = folded(entries.filter(({ epoch }) => epoch === end?.epoch))
      judge.hold(sameValues(view.values, truth), `${who} in ${channel} ends with ${show([...view.values])} and not ${show([...truth])}`)
      return
    }
    case 'ephemeral':
      return
  }
}

/** What nobody touched for so long is forgotten: who comes back then cannot be told of it. */
function isForgotten({ at }: Entry, { delivery }: Namespace, oracle: Oracle): boolean {
  const { quietMs } = delivery.history
  return quietMs > 0 && at + quietMs <= oracle.now()
}

function checkEnd(judge: Judge, { channel, who, position }: View, end: Position | undefined): void {
  const arrived = position?.epoch === end?.epoch && position?.offset === end?.offset
  judge.hold(arrived, `${who} in ${channel} ends at ${position?.epoch}/${position?.offset} and not at ${end?.epoch}/${end?.offset}`)
}

/** What was said of a key since the broker began is known to everyone. */
function checkShown(judge: Judge, { values, who, channel }: View, entries: readonly Entry[]): void {
  const newest = new Map(entries.filter(({ lane }) => lane === 'stats').map(({ key, data }) => [`stats ${key}`, data]))
  for (const [name, data] of newest) {
    judge.hold(same(values.get(name), data), `${who} in ${channel} shows ${show(values.get(name))} for ${name} and not ${show(data)}`)
  }
}

function checkPresence({ plan, judge, oracle, present, users }: RestContext, channel: string): void {
  const namespace: Namespace | undefined = plan.namespaces.resolve(channel)
  if (namespace === undefined || !(namespace.presence || namespace.joinLeave)) return
  const there = users.filter(user => user.views.get(channel)?.isOn).map(user => user.clientId)
  const truth = there.sort().join(' ')
  const listed = [...(present.get(channel) ?? [])].sort().join(' ')
  judge.hold(listed === truth, `${channel}: present are "${listed}" and there are "${truth}"`)
  if (!namespace.joinLeave) return
  const joined = [...oracle.joined(channel)].sort().join(' ')
  judge.hold(joined === truth, `${channel}: joined and not left are "${joined}" and there are "${truth}"`)
}

/** What a client has that applied every publication of a `conflated` channel in order. */
function folded(entries: readonly Entry[]): Map<string, Json> {
  const values = new Map<string, Json>()
  for (const { key = '', data } of entries) {
    if (data === null) values.delete(key)
    else values.set(key, patched(values.get(key), data))
  }
  return values
}

function sameValues(left: ReadonlyMap<string, Json>, right: ReadonlyMap<string, Json>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => same(value, right.get(key)))
}

function same(left: Json | undefined, right: Json | undefined): boolean {
  return Bun.deepEquals(left, right)
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
