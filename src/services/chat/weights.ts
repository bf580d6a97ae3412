import type { ChatCommands } from './model/wire.ts'

/**
 * What commands cost, as multiples of one that reads a row or two. A message to a large group writes hundreds of rows, a list or a search reads
 * thousands: of those from 16 on, a user has one under way at a time.
 */
export const weights: Partial<Record<keyof ChatCommands, number>> = {
  'chat.send': 4,
  'chat.edit': 4,
  'chat.delete': 4,
  'chat.react': 4,
  'chat.clear': 4,
  'chat.delete_conversation': 4,
  'chat.history': 16,
  'chat.group': 16,
  'chat.add': 16,
  'chat.remove': 16,
  'chat.info': 16,
  'chat.presence': 16,
  'chat.devices': 4,
  'chat.conversations': 50,
  'chat.search': 100,
}
