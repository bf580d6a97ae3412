import { z } from 'zod'
import type { Namespace } from '../../../hub/index.ts'
import { CommandError, encodePublications, errors } from '../../../protocol/index.ts'
import { presenceOf, presenceStatsOf } from '../../application/in-process.ts'
import { type ApiContext, apiCommand } from './command.ts'
import { channel, optional, optionalText, position } from './fields.ts'

const ofChannel = z.strictObject({ channel })

export const presence = apiCommand('Lists the clients in a channel.', ofChannel, async ({ channel }, { node }) =>
  JSON.stringify({ presence: await presenceOf(node, channel) }),
)

export const presenceStats = apiCommand('Counts the clients and users in a channel.', ofChannel, async ({ channel }, { node }) => {
  const { clients, users } = await presenceStatsOf(node, channel)
  return JSON.stringify({ num_clients: clients, num_users: users })
})

/** Without a limit only the position is answered, as in Centrifugo; with a negative one as much as the limits allow. */
export const history = apiCommand(
  'Reads the publications of a channel, or its position alone.',
  z.strictObject({ channel, limit: optional(z.int()), since: optional(position), reverse: optional(z.boolean()) }),
  async ({ channel, limit = 0, since, reverse = false }, { node }) => {
    checkHistory(node.access.namespaceOf(channel))
    const page = await node.history(channel, { limit, reverse, ...(since === undefined ? {} : { since }) })
    const { epoch, offset } = page.position
    if (since !== undefined && since.epoch !== '' && since.epoch !== epoch) throw new CommandError(errors.unrecoverablePosition)
    return `{"publications":${encodePublications(page.publications)},"epoch":${JSON.stringify(epoch)},"offset":${offset}}`
  },
)

export const historyRemove = apiCommand(
  'Deletes the publications of a channel; its position stays.',
  ofChannel,
  async ({ channel }, { node }) => {
    checkHistory(node.access.namespaceOf(channel))
    await node.broker.removeHistory(channel)
    return '{}'
  },
)

/** The channels that have subscribers on any node. */
export const channels = apiCommand(
  'Lists the channels that have subscribers on any node.',
  z.strictObject({ pattern: optionalText(255) }),
  async ({ pattern }, { survey }) => {
    const counts = await survey(pattern ?? '*')
    return JSON.stringify({ channels: Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, { num_clients: count }])) })
  },
)

/** Of the nodes below only what they report upward is known. */
export const info = apiCommand('Lists the nodes with their figures.', z.strictObject({}), (_, { node, nodes, startedAt }: ApiContext) => {
  const occupied = [...node.hub.channels()].filter(({ subscriptions }) => subscriptions.length > 0)
  const users = new Set(node.sessions.all().map(({ user }) => user))
  users.delete('')
  const self = {
    uid: node.id,
    name: node.options.name,
    version: node.version,
    num_clients: node.sessions.size,
    num_users: users.size,
    num_channels: new Set(occupied.map(({ name }) => name)).size,
    num_subs: occupied.reduce((sum, { subscriptions }) => sum + subscriptions.length, 0),
    uptime: Math.floor((node.clock.now() - startedAt) / 1000),
    process: { rss: process.memoryUsage.rss() },
  }
  const below = nodes().filter(report => report.node !== node.id)
  const others = below.map(({ node: uid, role, viewers, channels, subscriptions }) => ({
    uid,
    name: role,
    num_clients: viewers,
    num_channels: channels,
    num_subs: subscriptions,
  }))
  return JSON.stringify({ nodes: [self, ...others] })
})

function checkHistory(namespace: Namespace): void {
  if (namespace.delivery.recovers !== 'all') throw new CommandError(errors.notAvailable, 'history is off in this namespace')
}
