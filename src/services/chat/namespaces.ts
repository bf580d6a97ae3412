import { defineNamespace } from '../../service.ts'
import { limits } from './limits.ts'

const inboxNamespace = defineNamespace({
  name: 'inbox',
  delivery: 'stream',
  historySize: limits.inboxEntriesMax,
  historyTtlMs: limits.inboxKeptMs,
  forceRecovery: true,
})

/** Nodes tell each other here that something has come into inboxes. */
export const orderChannel = 'chat_order:all'

export const chatNamespaces = [
  inboxNamespace,
  defineNamespace({ name: 'chat', delivery: 'ephemeral' }),
  defineNamespace({ name: 'chat_order', delivery: 'ephemeral' }),
]
