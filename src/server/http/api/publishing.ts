import { z } from 'zod'
import { checkPublicationSize, type Namespace, type Node, type PublishOptions } from '../../../hub/index.ts'
import { CommandError, errors } from '../../../protocol/index.ts'
import { apiCommand, settle } from './command.ts'
import { channel, optional, optionalText, requiredJson, unsupported } from './fields.ts'

const publication = {
  data: requiredJson,
  key: optionalText(255),
  lane: optionalText(64),
  tags: optional(z.record(z.string().max(255), z.string().max(1024))),
  skip_history: optional(z.boolean()),
  idempotency_key: optionalText(255),
  delta: optional(z.boolean()),
  b64data: unsupported('publish JSON as data'),
  version: unsupported('a channel with delivery "latest" keeps the newest publication'),
  version_epoch: unsupported('a channel with delivery "latest" keeps the newest publication'),
}

const publicationSchema = z.strictObject(publication)
type Given = z.output<typeof publicationSchema>

export const publish = apiCommand(
  'Publishes into a channel.',
  z.strictObject({ channel, ...publication }),
  ({ channel, ...given }, { node }) => {
    checkPublicationSize(given.data, node.limits)
    return publishTo(node, channel, given)
  },
)

/** The same data into many channels, each with an answer of its own. */
export const broadcast = apiCommand(
  'Publishes the same data into many channels.',
  z.strictObject({ channels: z.array(z.string()).min(1), ...publication }),
  async ({ channels, ...given }, { node }) => {
    checkPublicationSize(given.data, node.limits)
    const outcomes = await Promise.all(channels.map(channel => settle(publishTo(node, channel, given), node)))
    const responses = outcomes.map(outcome =>
      outcome.kind === 'done' ? `{"result":${outcome.result}}` : `{"error":${JSON.stringify(outcome.error)}}`,
    )
    return `{"responses":[${responses.join(',')}]}`
  },
)

/** Reaches the broker in the caller's turn. */
async function publishTo(node: Node, channel: string, given: Given): Promise<string> {
  checkLane(node.access.namespaceOf(channel), given.lane)
  const { epoch, offset } = await node.publish(channel, given.data, optionsOf(given))
  return epoch === '' ? '{}' : JSON.stringify({ offset, epoch })
}

/** A lane that is misspelt would make a publication urgent. */
function checkLane({ delivery: { name: delivery, lanes } }: Namespace, lane: string | undefined): void {
  if (lane === undefined) return
  if (lanes.length === 0) throw new CommandError(errors.badRequest, `lane: the channel has no lanes, its delivery is "${delivery}"`)
  if (lanes.includes(lane)) return
  throw new CommandError(errors.badRequest, `lane: the channel has ${lanes.map(name => `"${name}"`).join(', ')}`)
}

function optionsOf({ key, lane, tags, skip_history, idempotency_key, delta }: Given): PublishOptions {
  return {
    ...(key === undefined ? {} : { key }),
    ...(lane === undefined ? {} : { lane }),
    ...(tags === undefined ? {} : { tags }),
    ...(idempotency_key === undefined ? {} : { idempotencyKey: idempotency_key }),
    ...(skip_history === true ? { skipHistory: true } : {}),
    ...(delta === true ? { delta: true } : {}),
  }
}
