import { abnormal, type Host, type WebSocketClient, WebSocketPipe } from '../../cluster/websocket-pipe.ts'
import type { DeviceContext } from './device.ts'

/** What an app's socket tells of. */
export interface AppSocketContext extends Pick<DeviceContext, 'time' | 'tally'> {
  machine(): Host

  readonly pace: { latencyMs: number; bytesPerMs: number }
  /** Whether the app is running at all. */
  readonly isRunning: () => boolean
  opened(socket: AppSocket): void
  received(text: string): void
}

/** A browser's WebSocket, as the SDK uses it, over a simulated line. */
export class AppSocket implements WebSocketClient {
  onopen: (() => void) | undefined
  onmessage: ((event: { readonly data: string }) => void) | undefined
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | undefined
  onerror: ((event: unknown) => void) | undefined
  readonly #pipe: WebSocketPipe | undefined
  #isClosed = false

  constructor(readonly context: AppSocketContext) {
    if (!context.isRunning()) return
    this.#pipe = new WebSocketPipe(context.machine(), context.pace, context.tally, this)
    context.opened(this)
  }

  send(text: string): void {
    this.#pipe?.send(text)
  }

  close(): void {
    this.#pipe?.cut('clean')
    this.context.time.after(0, () => this.closed(abnormal))
  }

  cut(how: 'clean' | 'silent'): void {
    this.#pipe?.cut(how)
    if (how === 'clean') this.closed(abnormal)
  }

  opened(): void {
    if (this.#isAlive) this.onopen?.()
  }

  received(text: string): void {
    if (!this.#isAlive) return
    this.context.received(text)
    this.onmessage?.({ data: text })
  }

  closed(code: number): void {
    if (!this.#isAlive) return
    this.#isClosed = true
    this.context.tally.count(`app closed ${code}`)
    this.onclose?.({ code, reason: '' })
  }

  get #isAlive(): boolean {
    return !this.#isClosed && this.context.isRunning()
  }
}
