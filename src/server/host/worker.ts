import { createServer } from './create-server.ts'
import { createLog, logFormat } from './log.ts'
import { readyLine, type WorkerOrder } from './workers.ts'

/** One worker process: takes its order from standard input, says when it listens, and ends with its parent. */
async function work(): Promise<void> {
  const lines = console[Symbol.asyncIterator]()
  const first = await lines.next()
  if (first.done) return
  // Its parent is gone, without a word or with one: nobody would start it again or end it.
  void endOf(lines).then(() => process.exit(0))
  // The terminal's interrupt reaches all processes; the parent decides what becomes of it.
  process.on('SIGINT', () => undefined)
  const { config, upstream, secret, port } = JSON.parse(String(first.value)) as WorkerOrder
  const parent = { upstreams: [upstream], secret, role: 'worker', region: config.region } as const
  const server = await createServer(
    { ...config, port },
    { parent, log: createLog({ ...config.log, format: logFormat(config, false), color: false, write }) },
  )
  let isDraining = false
  // Both from the parent, and from whoever ends the whole group of processes.
  process.on('SIGTERM', () => {
    if (!isDraining) void server.drain().then(() => process.exit(0))
    isDraining = true
  })
  process.stdout.write(`${readyLine}\n`)
}

/** To the parent, which passes it on. */
function write(line: string): void {
  try {
    process.stdout.write(line)
  } catch (error) {
    // Nobody is there to read it.
    process.exit(error instanceof Error && 'code' in error && error.code === 'EPIPE' ? 0 : 1)
  }
}

/** Resolves when the parent has closed the pipe, or is gone. */
async function endOf(lines: AsyncIterator<string>): Promise<void> {
  for (let line = await lines.next(); !line.done; line = await lines.next());
}

void work()
