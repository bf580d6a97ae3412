/** Says how long work goes on: at once, then every few seconds, on a terminal in place. */
export type Say = (line: string) => void

const everyMs = { terminal: 500, pipe: 5_000 } as const

/** Runs what may take long, and says what it does and for how long already. */
export async function withProgress<T>(what: string, say: Say, work: (note: (detail: string) => void) => Promise<T>): Promise<T> {
  const started = performance.now()
  let detail = ''
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`
  const inPlace = process.stdout.isTTY && say === console.log
  const tell = () => {
    const line = `${what} … ${seconds()}${detail === '' ? '' : `, ${detail}`}`
    if (inPlace) process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`)
    else say(line)
  }
  tell()
  const timer = setInterval(tell, inPlace ? everyMs.terminal : everyMs.pipe)
  try {
    const value = await work(next => {
      detail = next
    })
    if (inPlace) process.stdout.write('\r\x1b[K')
    say(`${what}: done after ${seconds()}`)
    return value
  } catch (error) {
    if (inPlace) process.stdout.write('\n')
    throw error
  } finally {
    clearInterval(timer)
  }
}

export const silent: Say = () => undefined
