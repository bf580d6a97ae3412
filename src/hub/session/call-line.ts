import type { Session } from './session.ts'

/** Calls of one session that are under way, as many as of one user: what they answer is not known before, so that a connection that is not read costs as many answers. */
export const callsMax = 16

/**
 * The calls of one session. Each begins when the socket has room for its answer, which is looked at when its turn has come: at the time that it
 * arrived, a thousand others may have been before it, with nothing answered yet.
 */
export class CallLine {
  readonly #waiting: (() => Promise<void>)[] = []
  #underWay = 0
  #isHeld = false

  constructor(readonly session: Session) {}

  get waiting(): number {
    return this.#waiting.length
  }

  get isIdle(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0
  }

  /** @param call never rejects */
  take(call: () => Promise<void>): void {
    this.#waiting.push(call)
    this.#goOn()
  }

  #goOn(): void {
    if (this.session.isClosed) this.#waiting.length = 0
    while (this.#underWay < callsMax && !this.#isHeld) {
      const [call] = this.#waiting
      if (call === undefined) return
      const room = this.session.outbox.room(Number.POSITIVE_INFINITY)
      if (room !== undefined) this.#hold(room)
      else {
        this.#waiting.shift()
        this.#underWay++
        void call().then(() => {
          this.#underWay--
          this.#goOn()
        })
      }
    }
  }

  #hold(room: Promise<void>): void {
    this.#isHeld = true
    void room.then(() => {
      this.#isHeld = false
      this.#goOn()
    })
  }
}
