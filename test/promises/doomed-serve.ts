import { AsyncLocalStorage } from 'node:async_hooks'
import type { PublishOptions } from '../../src/hub/index.ts'
import { answered, type Json } from '../../src/kit/index.ts'
import { createServer, defineService, type ServiceHost } from '../../src/server/index.ts'
import { chatNamespaces } from '../../src/services/chat/namespaces.ts'
import { startChat } from '../../src/services/chat/service.ts'
import { schema } from '../../src/services/chat/store/index.ts'
import { migrateSql, openSql, type Queries, type Sql, type SqlValue } from '../../src/store/index.ts'

/**
 * A chat server in a process of its own, which ends itself with SIGKILL at one of the moments of the next send: before or after any statement,
 * before or after the commit, between two deliveries, or before the answer. Its parent says at which.
 */
const [configuration = '{}', target = ''] = process.argv.slice(2)
const plenty = { perSecond: 10_000, burst: 10_000 }
const bounds = { messageRate: plenty, commandRate: plenty, entryRate: plenty }

/** Marks what is done for a send, wherever it waits. */
const sending = new AsyncLocalStorage<true>()
const death = { at: 0, passed: 0 }

/** A moment of a send: the process may end here. */
function moment(): void {
  if (sending.getStore() === undefined || death.at === 0) return
  death.passed++
  if (death.passed === death.at) process.kill(process.pid, 'SIGKILL')
}

async function around<T>(call: () => Promise<T>): Promise<T> {
  moment()
  const result = await call()
  moment()
  return result
}

function mortal(queries: Queries): Queries {
  return {
    all: <T>(text: string, ...values: SqlValue[]) => around(() => queries.all<T>(text, ...values)),
    run: (text, ...values) => around(() => queries.run(text, ...values)),
  }
}

class MortalSql implements Sql {
  constructor(readonly sql: Sql) {}

  get dialect() {
    return this.sql.dialect
  }

  all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    return mortal(this.sql).all<T>(text, ...values)
  }

  run(text: string, ...values: SqlValue[]): Promise<number> {
    return mortal(this.sql).run(text, ...values)
  }

  transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
    return around(() => this.sql.transaction(tx => around(() => body(mortal(tx)))))
  }

  close(): Promise<void> {
    return this.sql.close()
  }
}

/** Chat on a host with the moments of a send that are not at its store. */
const mortalChat = defineService({
  name: 'chat',
  namespaces: chatNamespaces,
  async start(host) {
    const sql = new MortalSql(await openSql(target))
    host.onClose(() => sql.close())
    await migrateSql(sql, 'chat', schema)
    await startChat(mortalHost(host), sql, { bounds })
  },
})

function mortalHost(host: ServiceHost): ServiceHost {
  return {
    ...host,
    command: (name, schema, run) =>
      host.command(
        name,
        schema,
        name !== 'chat.send' ? run : (input, context) => sending.run(true, () => around(async () => answered(run(input, context)))),
      ),
    publish: (channel: string, data: Json, options?: PublishOptions) => around(() => host.publish(channel, data, options)),
  }
}

function say(fields: object, message: string): void {
  const error: unknown = Reflect.get(fields, 'err')
  process.stderr.write(`${message} ${error instanceof Error ? error.stack : JSON.stringify(fields)}\n`)
}

process.on('message', (wish: { readonly dieAt: number }) => {
  process.send?.({ passed: death.passed })
  Object.assign(death, { at: wish.dieAt, passed: 0 })
})
process.on('disconnect', () => process.exit(3))

const started = createServer(JSON.parse(configuration), {
  log: { debug() {}, info() {}, warn: say, error: say },
  services: [mortalChat],
})
// Compiled ahead, a script has no await at its top.
void started.then(server => process.send?.({ url: server.url }))
