import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { signToken } from '../src/server/index.ts'
import { type Benchmark, Findings, type Outcome } from './benchmark.ts'
import { ChatMember, type Traffic } from './chat-member.ts'
import type { ServerProcess, Stage } from './stage.ts'
import { quantile } from './tree-probe.ts'

const program = join(import.meta.dir, '..', 'src', 'cli', 'main.ts')
const secret = 'a secret of the benchmark alone, 32 bytes or more'
const members = 256
const warmUp = 50
/** One message after another, with time between them. */
const idle = { messages: 400, everyMs: 50 } as const
/** As many on their way as a group at its liveliest has: each sender waits for its own answer. */
const lively = { senders: 8, seconds: 8 } as const
const deliveredWithinMs = 10_000

const configuration = {
  client: {
    token: { hmac_secret_key: secret },
    address_connection_rate: { per_second: 10_000, burst: 10_000 },
    command_rate: { per_second: 100_000, burst: 100_000 },
    user_command_rate: { per_second: 100_000, burst: 100_000 },
  },
  chat: { message_rate: { per_second: 100_000, burst: 100_000 }, command_rate: { per_second: 100_000, burst: 100_000 } },
}

/** A message to a group of 256, all of them connected, durable in SQLite before it is answered; everyone acknowledges and reads. */
export const chat: Benchmark = {
  name: 'chat',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    const server = await startServer(stage)
    const group = await Group.gather(server)
    note(`${members} members are connected`)
    for (let i = 0; i < warmUp; i++) await group.send(i % members)
    // What earlier benchmarks left in this process is not to be collected while it measures.
    Bun.gc(true)
    await measureIdle(group, findings, note)
    await measureLively(group, server, findings, note)
    findings.accepted = group.accepted * members
    findings.delivered = group.traffic.deliveries
    if (findings.delivered !== findings.accepted)
      findings.shortfalls.push(`${findings.delivered} deliveries where ${findings.accepted} were due`)
    findings.shortfalls.push(...group.failures)
    group.close()
    await server.stop()
    return findings
  },
}

async function measureIdle(group: Group, findings: Findings, note: (line: string) => void): Promise<void> {
  const latencies: number[] = []
  const before = { ...group.traffic }
  for (let i = 0; i < idle.messages; i++) {
    const due = performance.now() + idle.everyMs
    latencies.push(await group.send(i % members))
    await Bun.sleep(Math.max(0, due - performance.now()))
  }
  note(
    `from send to the last of ${members}: ${quantile(latencies, 0.5).toFixed(1)} ms median, ${quantile(latencies, 0.99).toFixed(1)} ms p99`,
  )
  findings.figures.push({
    id: 'P6',
    work: `a message to a group of ${members}, durable first: from send to the last receiver, p99`,
    unit: 'ms',
    value: quantile(latencies, 0.99),
    atMost: 25,
  })
  findings.figures.push(frames('when idle', group.traffic, before))
}

async function measureLively(group: Group, server: ServerProcess, findings: Findings, note: (line: string) => void): Promise<void> {
  const before = { ...group.traffic }
  const cpuBefore = server.usage().cpuUs
  const startedMs = performance.now()
  const until = startedMs + lively.seconds * 1000
  await Promise.all(
    Array.from({ length: lively.senders }, async (_, sender) => {
      while (performance.now() < until) await group.send(sender)
    }),
  )
  const seconds = (performance.now() - startedMs) / 1000
  const deliveries = group.traffic.deliveries - before.deliveries
  const cpuUs = server.usage().cpuUs - cpuBefore
  note(
    `${Math.round(deliveries / seconds).toLocaleString('en')} deliveries a second with ${lively.senders} senders, the server at ${((cpuUs / seconds) * 1e-4).toFixed(0)} % of its core`,
  )
  findings.figures.push({
    id: 'P6',
    work: `CPU per delivery in a lively group of ${members}, with storing, acknowledging and reading (50 µs: 20,000 a second on one core)`,
    unit: 'us',
    value: cpuUs / deliveries,
    atMost: 50,
  })
  findings.figures.push(frames('when lively', group.traffic, before))
}

function frames(when: string, after: Traffic, before: Traffic) {
  return {
    id: 'P6',
    work: `frames that receipts cost for each message delivered, ${when}`,
    unit: 'frames',
    value: (after.receiptFrames - before.receiptFrames) / (after.deliveries - before.deliveries),
    atMost: 1.1,
  } as const
}

async function startServer(stage: Stage): Promise<ServerProcess> {
  const port = stage.nextPort()
  const folder = await stage.folder(`chat-${port}`)
  await rm(folder, { recursive: true, force: true })
  const config = join(folder, 'config.json')
  await Bun.write(config, JSON.stringify(configuration))
  const flags = ['--port', String(port), '--config', config, '--data', join(folder, 'data'), '--demo', 'off']
  return stage.startServer('fanfare', { command: [process.execPath, program, 'start', ...flags], port })
}

/** A group whose members are all here, so that it is known when the last of them has a message. */
class Group {
  readonly traffic: Traffic = { receiptFrames: 0, deliveries: 0 }
  accepted = 0
  readonly failures: string[] = []
  readonly #members: ChatMember[] = []
  /** By message: how many have not got it yet. */
  readonly #missing = new Map<string, { count: number; all(): void }>()
  #conversation = ''

  static async gather(server: ServerProcess): Promise<Group> {
    const group = new Group()
    const url = `${server.url.replace('http', 'ws')}/connection/websocket`
    for (let i = 0; i < members; i++) {
      const user = `member-${i}`
      const token = await signToken(secret, { sub: user })
      const failed = (error: Error) => group.failures.push(error.message)
      group.#members.push(await ChatMember.connect(url, user, token, group.traffic, text => group.#arrived(text), failed))
    }
    const users = group.#members.map(({ user }) => user)
    const answer = await group.#members[0]?.call('chat.group', { title: 'bench', members: users, cid: 'bench' })
    group.#conversation = answer?.rpc?.data?.conversation ?? ''
    for (const member of group.#members) member.conversation = group.#conversation
    return group
  }

  /** @returns milliseconds until the last member had it, the sender too */
  async send(sender: number): Promise<number> {
    const cid = `m-${this.accepted++}`
    const all = Promise.withResolvers<void>()
    this.#missing.set(cid, { count: members, all: all.resolve })
    const startMs = performance.now()
    const text = `${cid} ${'x'.repeat(100)}`
    await this.#members[sender]?.call('chat.send', { conversation: this.#conversation, cid, text })
    const late = Bun.sleep(deliveredWithinMs).then(() => 'late' as const)
    if ((await Promise.race([all.promise, late])) === 'late')
      throw new Error(`${cid} did not reach everyone within ${deliveredWithinMs / 1000} s`)
    return performance.now() - startMs
  }

  close(): void {
    for (const member of this.#members) member.close()
  }

  #arrived(text: string): void {
    const cid = text.slice(0, text.indexOf(' '))
    const missing = this.#missing.get(cid)
    if (missing === undefined || --missing.count > 0) return
    this.#missing.delete(cid)
    missing.all()
  }
}
