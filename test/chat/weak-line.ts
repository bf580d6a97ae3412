/** A network between one client and the server that a test can cut, and that can lose an answer on its way. */
export class WeakLine {
  readonly #sockets = new Set<WebSocket>()
  /** Cuts the line when the client has asked this, before the answer is heard. */
  losesAnswerTo: string | undefined
  /** Replies and pushes with this in them do not reach the client. */
  swallows: string | undefined
  isDown = false
  /** What the client has said. */
  readonly said: string[] = []
  lost = 0

  /** What a client takes for its `WebSocket`. */
  get websocket(): new (
    url: string,
  ) => WebSocket {
    const line = this
    return class extends WebSocket {
      constructor(url: string) {
        super(line.isDown ? 'ws://127.0.0.1:9' : url)
        line.#sockets.add(this)
        this.addEventListener('close', () => line.#sockets.delete(this))
        this.addEventListener('message', event => {
          if (line.#isMute(this)) event.stopImmediatePropagation()
          const { swallows } = line
          if (swallows === undefined || !String(event.data).includes(swallows)) return
          event.stopImmediatePropagation()
          const rest = String(event.data)
            .split('\n')
            .filter(said => !said.includes(swallows))
          if (rest.length > 0) this.dispatchEvent(new MessageEvent('message', { data: rest.join('\n') }))
        })
      }

      override send(frame: string): void {
        line.said.push(frame)
        super.send(frame)
        if (line.losesAnswerTo === undefined || !frame.includes(line.losesAnswerTo)) return
        line.losesAnswerTo = undefined
        line.lost++
        line.#muted.add(this)
        // The server has it by the time the line is cut.
        setTimeout(() => this.close(), 100)
      }
    }
  }

  readonly #muted = new Set<WebSocket>()

  cut(): void {
    for (const socket of this.#sockets) socket.close()
  }

  down(): void {
    this.isDown = true
    this.cut()
  }

  up(): void {
    this.isDown = false
  }

  /** How often the client has asked something. */
  count(method: string): number {
    return this.said.join('\n').split(`"${method}"`).length - 1
  }

  #isMute(socket: WebSocket): boolean {
    return this.#muted.has(socket)
  }
}
