import { defineNamespace } from '../../service.ts'
import { limits } from './limits.ts'

const inboxNamespace = defineNamespace({
  name: 'inbox',
  delivery: 'stream',
  historySize: limits.inboxEntriesMax,
  historyTtlMs: limits.inboxKeptMs,
  forceRecovery: true,
})

export const chatNamespaces = [inboxNamespace, defineNamespace({ name: 'chat', delivery: 'ephemeral' })]
