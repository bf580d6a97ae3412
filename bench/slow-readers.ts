import { connect, type Socket } from 'node:net'
import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import { message } from './peer.ts'
import { type FanfareService, startFanfare } from './peers/fanfare.ts'

const clients = 5000
const rounds = 60
const everyMs = 50
const turns = 3
/** What the slow one follows besides, so that it is far behind: a publication a round, which a fluent client reads as well. */
const bulkBytes = 20_000
const bulk = 'plain:bulk'
const bytesPerRead = 100
const readEveryMs = 100
const deliveredWithinMs = 20_000
const atMost = 1.5

/**
 * Who reads 1 KB a second harms only itself: how late the others have what everyone follows, at p99, beside how late they have it without
 * the slow one, in turns.
 */
export const slowReaders: Benchmark = {
  name: 'slow-readers',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    const service = await startFanfare(stage)
    const { port } = service.process
    const load = await Load.open(stage, service.audience('ws'), { port, connections: clients })
    const fluent = read(port, () => undefined)
    const p99s: { without: number; beside: number }[] = []
    for (let turn = 0; turn < turns; turn++) {
      const without = await p99(service, load, findings)
      const slow = read(port, nap)
      const beside = await p99(service, load, findings)
      slow.destroy()
      note(`p99 ${without.toFixed(1)} ms, beside a slow reader ${beside.toFixed(1)} ms`)
      p99s.push({ without, beside })
    }
    fluent.destroy()
    findings.figures.push({
      id: 'R3',
      work: `delivery to ${clients.toLocaleString('en')} clients beside one that reads 1 KB a second, p99`,
      unit: 'ms',
      value: median(p99s.map(({ beside }) => beside)),
      beside: {
        name: 'itself without it',
        value: median(p99s.map(({ without }) => without)),
        ratio: median(p99s.map(({ without, beside }) => beside / without)),
      },
      atMost,
    })
    return findings
  },
}

/** Follows the bulk over a raw socket. */
function read(port: number, take: (socket: Socket, bytes: number) => void): Socket {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('data', chunk => take(socket, chunk.length))
  socket.on('error', () => undefined)
  socket.write(`GET /sse?channel=${bulk} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  return socket
}

function nap(socket: Socket, bytes: number): void {
  socket.pause()
  setTimeout(() => socket.resume(), (bytes / bytesPerRead) * readEveryMs)
}

/** How late the latest hundredth of the deliveries is, in milliseconds; whoever does not get everything is noted. */
async function p99(service: FanfareService, load: Load, findings: Findings): Promise<number> {
  await load.begin()
  const text = 'x'.repeat(bulkBytes)
  for (let round = 1; round <= rounds; round++) {
    const due = performance.now() + everyMs
    await service.batch([
      JSON.stringify({ channel: bulk, data: { text } }),
      JSON.stringify({ channel: 'bench:all', data: JSON.parse(message(round)) }),
    ])
    const short = await load.wait(round, deliveredWithinMs)
    if (short > 0) findings.shortfalls.push(`${short} clients came short of ${round} messages`)
    await Bun.sleep(Math.max(0, due - performance.now()))
  }
  const { messages, latencyMs } = await load.end()
  findings.accepted += rounds * clients
  findings.delivered += messages
  return latencyMs.p99
}
