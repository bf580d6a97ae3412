import { defaultLimits, type Limits } from '../../hub/index.ts'
import type { Settings } from './schema.ts'

/** Sizes of what clients send, where some follow from others. */
export function frameSizesOf(
  client: Pick<Settings['client'], 'message_size_limit' | 'subscribe_size_limit' | 'frame_size_limit' | 'channel_limit'>,
): Pick<Limits, 'commandBytesMax' | 'subscribeBytesMax' | 'frameBytesMax'> {
  const commandBytesMax = client.message_size_limit
  const subscribeBytesMax = client.subscribe_size_limit ?? Math.min(defaultLimits.subscribeBytesMax, commandBytesMax)
  return {
    commandBytesMax,
    subscribeBytesMax,
    frameBytesMax: client.frame_size_limit ?? Math.max(commandBytesMax, client.channel_limit * subscribeBytesMax),
  }
}
