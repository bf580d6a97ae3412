import type { EngineProcess } from './engine-process.ts'

const answeredWithinMs = 15_000
const lookMs = 50

/** Below those that systems give to outgoing connections, which come and go. */
const range = { from: 12_000, to: 32_000 } as const

/** So many ports one after another that nobody had a moment ago. */
export function freePorts(count: number, hostname = '127.0.0.1'): number[] {
  for (;;) {
    const first = range.from + Math.floor(Math.random() * (range.to - range.from - count))
    const ports = Array.from({ length: count }, (_, index) => first + index)
    if (ports.every(port => isFree(port, hostname))) return ports
  }
}

export function isFree(port: number, hostname = '127.0.0.1'): boolean {
  try {
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true)
    return true
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'EADDRINUSE') return false
    throw error
  }
}

/** Waits until a program takes connections. @returns false where it ends, or does not come to it */
export async function isAnswered(port: number, program: EngineProcess): Promise<boolean> {
  const end = performance.now() + answeredWithinMs
  while (!(await takesConnections(port))) {
    if (!program.isAlive || performance.now() > end) return false
    await Bun.sleep(lookMs)
  }
  return true
}

async function takesConnections(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } })
    socket.end()
    return true
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ECONNREFUSED') return false
    throw error
  }
}
