import { afterEach, describe, expect, test } from 'bun:test'
import type { Socket } from '../../src/hub/index.ts'

/** A session's socket, and what has come to its client. */
export interface SocketStage {
  readonly socket: Socket
  /** Everything that the client was sent, in order. */
  received(): string
  /** The code with which the client's connection ended. */
  closedWith(): number | undefined
  /** Waits for something to become true, in whichever time the connection has. */
  until(what: string, isTrue: () => boolean): Promise<void>
  close(): Promise<void>
}

export function socketContract(name: string, open: () => Promise<SocketStage>): void {
  const stages: SocketStage[] = []
  const start = async () => {
    const stage = await open()
    stages.push(stage)
    return stage
  }

  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe(`the socket contract: ${name}`, () => {
    test('[N38] what is written arrives whole, once and in order, whatever its size, and nothing waits then', async () => {
      const { socket, received, until } = await start()
      const writes = Array.from({ length: 300 }, (_, n) => `<${n}:${'x'.repeat((n * 7919) % 20_000)}😀>`)
      for (const text of writes) expect(socket.write(text)).toBe(true)
      const whole = writes.join('')
      await until('all has come', () => received().length >= whole.length)
      expect(received() === whole).toBe(true)
      await until('nothing waits', () => socket.bufferedBytes() === 0)
    })

    test('[N38] a close comes behind everything that was written, with its code', async () => {
      const { socket, received, closedWith, until } = await start()
      for (const text of ['a', 'b', 'c'.repeat(100_000)]) socket.write(text)
      socket.close(3001, 'shutdown')
      await until('the client knows', () => closedWith() !== undefined)
      expect([closedWith(), received().length]).toEqual([3001, 100_002])
    })

    test('[N38] what is written to a connection that is gone goes nowhere, and closing it again does nothing', async () => {
      const { socket, closedWith, until } = await start()
      socket.close(3001, 'shutdown')
      await until('the client knows', () => closedWith() !== undefined)
      await until('the socket knows', () => !socket.write('late'))
      socket.close(3500, 'again')
      expect([socket.write('later'), closedWith()]).toEqual([false, 3001])
    })
  })
}
