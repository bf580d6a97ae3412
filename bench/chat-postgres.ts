import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Postgres } from '../test/kit/servers/postgres.ts'
import { type Benchmark, type Figure, Findings, type Outcome } from './benchmark.ts'
import { Crowd } from './chat-crowd.ts'
import type { ServerProcess, Stage } from './stage.ts'
import { quantile } from './tree-probe.ts'
import { usageOf } from './usage.ts'

const program = join(import.meta.dir, '..', 'src', 'cli', 'main.ts')
const yardstick = join(import.meta.dir, 'peers', 'chat-yardstick.ts')
const secret = 'a secret of the benchmark alone, 32 bytes or more'
const members = 255
const warmUp = 40
/** One message after another, with time between them. */
const idle = { messages: 200, everyMs: 40 } as const
const livelyMs = 3000
const senders = [8, 1] as const
const plenty = { per_second: 1_000_000, burst: 1_000_000 }

const configuration = {
  client: {
    token: { hmac_secret_key: secret },
    address_connection_rate: { per_second: 10_000, burst: 10_000 },
    command_rate: plenty,
    user_command_rate: plenty,
  },
  chat: { message_rate: plenty, command_rate: plenty, new_member_limit: 1_000_000, new_conversation_limit: 1000, entry_rate: plenty },
}

interface Situation {
  readonly conversations: number
  readonly receipts: boolean
}

const situations: readonly Situation[] = [1, 200].flatMap(conversations => [false, true].map(receipts => ({ conversations, receipts })))

/** What a server took in one situation. */
interface Measured {
  readonly p99Ms: number
  readonly bySenders: ReadonlyMap<number, { readonly perSecond: number; readonly serverUs: number; readonly postgresUs: number }>
}

/**
 * Chat with its rows in Postgres, beside the least that a durable message costs there, in the same run: in one group and in 200 of the same people,
 * with one sender and eight, with and without everyone acknowledging and reading once a second.
 */
export const chatPostgres: Benchmark = {
  name: 'chat-postgres',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    if (Bun.which('postgres') === null) {
      findings.missing.push('chat on Postgres: there is no postgres here')
      return findings
    }
    const postgres = await Postgres.start()
    stage.atEnd(() => postgres[Symbol.asyncDispose]())
    for (const conversations of new Set(situations.map(situation => situation.conversations))) {
      const contest = { stage, postgres, conversations, findings, note }
      const beside = await measured(contest, 'yardstick', await startYardstick(stage, await postgres.database()))
      const ours = await measured(contest, 'fanfare', await startServer(stage, await postgres.database()))
      for (const [receipts, measure] of ours) {
        const other = beside.get(receipts)
        if (other !== undefined) findings.figures.push(...figuresOf({ conversations, receipts }, measure, other))
      }
    }
    return findings
  },
}

interface Contest {
  readonly postgres: Postgres
  readonly conversations: number
  readonly findings: Findings
  readonly note: (line: string) => void
}

/** By whether there are receipts. */
async function measured(contest: Contest, name: string, server: ServerProcess): Promise<Map<boolean, Measured>> {
  const { conversations, findings } = contest
  const crowd = await Crowd.gather(`${server.url.replace('http', 'ws')}/connection/websocket`, secret, { members, conversations })
  const found = new Map<boolean, Measured>()
  for (const situation of situations) {
    if (situation.conversations !== conversations) continue
    crowd.tellsReceipts = situation.receipts
    found.set(situation.receipts, await measureOne(contest, name, server, crowd))
  }
  const due = crowd.accepted * members
  findings.accepted += due
  findings.delivered += crowd.deliveries
  if (crowd.deliveries !== due) findings.shortfalls.push(`${name}: ${crowd.deliveries} deliveries where ${due} were due`)
  findings.shortfalls.push(...new Set(crowd.failures))
  crowd.close()
  await server.stop()
  return found
}

async function measureOne(
  { postgres, conversations, note }: Contest,
  name: string,
  server: ServerProcess,
  crowd: Crowd,
): Promise<Measured> {
  for (let i = 0; i < warmUp; i++) await crowd.send(i)
  Bun.gc(true)
  const latencies: number[] = []
  for (let i = 0; i < idle.messages; i++) {
    const due = performance.now() + idle.everyMs
    latencies.push(await crowd.send(i))
    await Bun.sleep(Math.max(0, due - performance.now()))
  }
  const p99Ms = quantile(latencies, 0.99)
  const bySenders = new Map<number, { perSecond: number; serverUs: number; postgresUs: number }>()
  for (const count of senders) {
    const [serverBefore, postgresBefore, before, startMs] = [
      server.usage().cpuUs,
      postgresCpuUs(postgres),
      crowd.deliveries,
      performance.now(),
    ]
    const until = startMs + livelyMs
    await Promise.all(
      Array.from({ length: count }, async (_, sender) => {
        while (performance.now() < until) await crowd.send(sender)
      }),
    )
    const deliveries = crowd.deliveries - before
    const measure = {
      perSecond: (deliveries / (performance.now() - startMs)) * 1000,
      serverUs: (server.usage().cpuUs - serverBefore) / deliveries,
      postgresUs: (postgresCpuUs(postgres) - postgresBefore) / deliveries,
    }
    bySenders.set(count, measure)
    note(
      `${name}, ${conversations} conversations, ${crowd.tellsReceipts ? 'with' : 'without'} receipts, ${count} senders: ${Math.round(measure.perSecond).toLocaleString('en')} deliveries a second, ${measure.serverUs.toFixed(1)} us and ${measure.postgresUs.toFixed(1)} us of Postgres each; idle p99 ${p99Ms.toFixed(1)} ms`,
    )
  }
  return { p99Ms, bySenders }
}

function figuresOf({ conversations, receipts }: Situation, ours: Measured, other: Measured): Figure[] {
  const where = `${conversations === 1 ? 'a group' : `${conversations} groups`} of ${members}, rows in Postgres, ${receipts ? 'with' : 'without'} receipts`
  const name = 'one row a message'
  const figures: Figure[] = []
  for (const [count, measure] of ours.bySenders) {
    const beside = other.bySenders.get(count)
    if (beside === undefined) continue
    const who = count === 1 ? 'one sender' : `${count} senders`
    const [us, besideUs] = [measure, beside].map(({ serverUs, postgresUs }) => serverUs + postgresUs)
    figures.push(
      besides(
        { work: `time from one delivery to the next, ${where}, ${who}`, unit: 'us', atMost: 1 / 0.45 },
        1e6 / measure.perSecond,
        name,
        1e6 / beside.perSecond,
      ),
      besides({ work: `CPU of server and Postgres per delivery, ${where}, ${who}`, unit: 'us', atMost: 3 }, us ?? 0, name, besideUs ?? 0),
    )
  }
  if (receipts && conversations === 1)
    figures.push(
      besides({ work: `from send to the last receiver when idle, p99, ${where}`, unit: 'ms', atMost: 1.7 }, ours.p99Ms, name, other.p99Ms),
    )
  return figures
}

function besides(what: Pick<Figure, 'work' | 'unit' | 'atMost'>, value: number, name: string, other: number): Figure {
  return { id: 'P6', ...what, value, beside: { name, value: other, ratio: value / other } }
}

async function startYardstick(stage: Stage, url: string): Promise<ServerProcess> {
  const port = stage.nextPort()
  return stage.startServer('chat-yardstick', { command: [process.execPath, yardstick, String(port), url], port })
}

async function startServer(stage: Stage, url: string): Promise<ServerProcess> {
  const port = stage.nextPort()
  const folder = await stage.folder(`chat-postgres-${port}`)
  await rm(folder, { recursive: true, force: true })
  const config = join(folder, 'config.json')
  await Bun.write(config, JSON.stringify({ ...configuration, store: url }))
  const flags = ['--port', String(port), '--config', config, '--data', join(folder, 'data'), '--demo', 'off']
  return stage.startServer('fanfare', { command: [process.execPath, program, 'start', ...flags], port })
}

function postgresCpuUs({ server }: Postgres): number {
  return server.pid === undefined ? 0 : usageOf(server.pid).cpuUs
}
