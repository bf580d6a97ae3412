/** Where a command meets the world: its variables, its output, and who is reading. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** People read it, and it takes colours. */
  readonly color: boolean
  readonly isTerminal: boolean
  out(text: string): void
  err(text: string): void
  /** Runs on SIGTERM and SIGINT; `number` is the signal's. */
  onSignal(run: (number: number) => void): void
  /** Ends the process at once. */
  exit(code: number): void
}

/** What every command answers: 0 done, 1 failed, 2 was asked for wrongly. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const

export const processTerminal: Terminal = {
  env: process.env,
  color: process.stdout.isTTY === true && !process.env.NO_COLOR,
  isTerminal: process.stdout.isTTY === true,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
  onSignal(run) {
    process.on('SIGTERM', () => run(15))
    process.on('SIGINT', () => run(2))
  },
  exit: code => process.exit(code),
}
