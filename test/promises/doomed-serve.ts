import { AsyncLocalStorage } from 'node:async_hooks'
import { answered } from '../../src/kit/index.ts'
import { createServer, type Server, type Service } from '../../src/server/index.ts'
import { chatService } from '../../src/services/chat/index.ts'
import { openSql, type Queries, type Sql, type SqlValue } from '../../src/store/index.ts'

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

/** The server as the service sees it, with the moments of a send that are not at its store. */
function mortalServer(server: Server): Service {
  const command = server.command.bind(server)
  const publish = server.publish.bind(server)
  server.command = (name, schema, run) =>
    command(
      name,
      schema,
      name !== 'chat.send' ? run : (input, context) => sending.run(true, () => around(async () => answered(run(input, context)))),
    )
  server.publish = (channel, data, options) => around(() => publish(channel, data, options))
  return chatService(server, { openSql: async () => new MortalSql(await openSql(target)), bounds })
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
  services: [mortalServer],
})
// Compiled ahead, a script has no await at its top.
void started.then(server => process.send?.({ url: server.url }))
