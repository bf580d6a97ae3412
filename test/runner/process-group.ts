import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A process, and all that it and its children started, which the system ends together. */
export class ProcessGroup {
  /** @param id that of the process that leads it, which was spawned detached */
  constructor(readonly id: number) {}

  kill(): void {
    try {
      process.kill(-this.id, 'SIGKILL')
    } catch (error) {
      // Nobody is left.
      if (Reflect.get(Object(error), 'code') !== 'ESRCH') throw error
    }
  }

  /** The command lines of those that are left; where the system has no `/proc`, nobody is seen. */
  commands(): string[] {
    if (!existsSync('/proc/self/stat')) return []
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(pid => this.#commandOf(join('/proc', pid)))
  }

  #commandOf(folder: string): string[] {
    try {
      // The name of the program, in parentheses, may hold anything: what follows it is state, parent and group.
      const stat = readFileSync(join(folder, 'stat'), 'utf8')
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (group !== `${this.id}` || state === 'Z' || state === 'X') return []
      return [readFileSync(join(folder, 'cmdline'), 'utf8').replaceAll('\0', ' ').trim()]
    } catch (error) {
      // It has ended meanwhile.
      if (error instanceof Error) return []
      throw error
    }
  }
}
