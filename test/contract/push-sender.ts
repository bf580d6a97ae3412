import { afterEach, describe, expect, test } from 'bun:test'
import type { PushNote, PushSender, PushSubscription } from '../../src/services/chat/push/index.ts'

/** A sender, and the service behind it, which answers as it is told. */
export interface PushSenderStage {
  readonly sender: PushSender
  /** A device of this sender's kind. */
  subscribe(user: string, device: string): PushSubscription
  /** One that belongs to another kind. */
  readonly foreign: PushSubscription
  /** How the service answers from now on. */
  answer(respond: () => Response | Promise<Response>): void
  /** Notes that reached the service. */
  received(): number
  /** The service is not there any more. */
  stop(): Promise<void>
  close(): Promise<void>
}

const note: PushNote = {
  ...{ kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3, urgency: 'high' },
  ...{ ttlMs: 86_400_000, topic: 'T'.repeat(32) },
}
const status = (code: number, headers: Record<string, string> = {}) => new Response(null, { status: code, headers })

export function pushSenderContract(name: string, open: () => Promise<PushSenderStage>): void {
  const stages: PushSenderStage[] = []
  const start = async () => {
    const stage = await open()
    stages.push(stage)
    return { ...stage, device: stage.subscribe('ann', 'phone') }
  }

  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe(`the push sender contract: ${name}`, () => {
    test('[N37] takes its own subscriptions alone, and says what shares a bottleneck', async () => {
      const { sender, subscribe, foreign, device } = await start()
      expect([sender.takes(device), sender.takes(foreign)]).toEqual([true, false])
      expect(sender.originOf(device)).not.toBe('')
      expect(sender.originOf(subscribe('ben', 'tablet'))).toBe(sender.originOf(device))
    })

    test('[N37] says what became of a note: delivered, gone for good, for later and when, or not to be tried again', async () => {
      const { sender, device, answer, received } = await start()
      answer(() => status(201))
      expect(await sender.send(device, note)).toEqual({ kind: 'delivered' })
      expect(received()).toBe(1)
      const answers: [number, object][] = [
        [404, { kind: 'gone' }],
        [410, { kind: 'gone' }],
        [429, { kind: 'later' }],
        [500, { kind: 'later' }],
        [503, { kind: 'later' }],
        [400, { kind: 'failed' }],
      ]
      for (const [code, outcome] of answers) {
        answer(() => status(code))
        expect([code, await sender.send(device, note)]).toEqual([code, expect.objectContaining(outcome)])
      }
      answer(() => status(429, { 'Retry-After': '120' }))
      expect(await sender.send(device, note)).toMatchObject({ kind: 'later', afterMs: 120_000 })
    })

    test('[N37] a note that is too large is tried with less in it, once, before it is said to be so', async () => {
      const { sender, device, answer, received } = await start()
      let tries = 0
      answer(() => status(++tries === 1 ? 413 : 201))
      expect(await sender.send(device, note)).toEqual({ kind: 'delivered' })
      answer(() => status(413))
      expect(await sender.send(device, note)).toEqual({ kind: 'too-large' })
      expect(received()).toBe(4)
    })

    test('[N37] never rejects: not where nobody answers, and not where it is closed meanwhile', async () => {
      const { sender, device, answer, stop } = await start()
      answer(() => new Promise(() => undefined))
      const pending = sender.send(device, note)
      sender.close()
      expect(await pending).toMatchObject({ kind: 'later' })
      await stop()
      expect(await sender.send(device, note)).toMatchObject({ kind: 'later' })
    })
  })
}
