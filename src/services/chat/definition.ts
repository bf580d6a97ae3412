import { defineService, migrateSql, type ReportProblem, type Sql } from '../../service.ts'
import { chatNamespaces } from './namespaces.ts'
import { type ConfiguredChat, chatOptions, checkFiles, checkPush } from './options/index.ts'
import type { ChatOptions } from './service.ts'
import { schema } from './store/schema.ts'
import chatPage from './web/chat.html'

const common = {
  name: 'chat',
  options: chatOptions,
  // Operators had these options before services had groups of their own.
  atTop: ['push'],
  check({ files, push }: ConfiguredChat, complain: ReportProblem): void {
    checkFiles(files, complain)
    checkPush(push, complain)
  },
  bodyBytesMax: ({ files }: ConfiguredChat) => (files.enabled ? files.size_limit : 0),
  namespaces: chatNamespaces,
  pages: { '/chat': chatPage, '/chat/:conversation': chatPage },
  nav: 'Chat',
  about:
    'Conversations of two and groups, on every device: ticks, typing, edits, notifications for who is away. A message that was sent is in the store, and a page that was closed sends what it still owes.',
} as const

/**
 * Chat with parts of one's own, such as a `screen`. The rest is as configured. With `openSql` nothing is: it is in these rows, without files
 * and pushes unless they are among the parts.
 */
export function chatWith({ openSql, ...parts }: ChatOptions & { readonly openSql?: () => Promise<Sql> }) {
  if (openSql === undefined)
    return defineService({
      ...common,
      migrations: schema,
      // Loaded late: commands that only read the options do without.
      start: async (host, options) => (await import('./configured.ts')).startConfigured(host, options, parts),
    })
  return defineService({
    ...common,
    async start(host) {
      const { startChat } = await import('./service.ts')
      const sql = await openSql()
      host.onClose(() => sql.close())
      await migrateSql(sql, common.name, schema)
      await startChat(host, sql, parts)
    },
  })
}

/** Chat as it ships: in the store of the server, with files and pushes as configured. */
export const chat = chatWith({})
