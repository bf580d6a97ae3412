import { between, type Random } from '../../../src/kit/index.ts'
import { CommandError } from '../../../src/protocol/index.ts'
import { pick } from '../../core/chance.ts'
import type { World } from '../../core/world.ts'
import type { Fleet } from './fleet.ts'
import { writeCommand, writeSchema } from './registers.ts'

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
/** Between two writes, at most. */
const writeMs = 240

/** Asks some node for writes that only the owner of a key may do, and holds what comes of them to one owner at a time. */
export class OwnerWriter {
  readonly #random: Random
  readonly #acknowledged: { readonly key: string; readonly n: number }[] = []
  #count = 0

  constructor(
    readonly world: World,
    readonly fleet: Fleet,
  ) {
    this.#random = world.fork()
    this.#later()
  }

  /** Nothing that was acknowledged is lost, and no two nodes ever wrote under one term, nor under an older one than was seen. */
  check(): void {
    const { judge, tally } = this.world
    const { registers } = this.fleet
    for (const { key, n } of this.#acknowledged) judge.hold(registers.has(key, n), `write ${n} of ${key} was acknowledged and is lost`)
    const owners = new Map<string, string>()
    const terms = new Map<number, number>()
    for (const { slot, term, node, key, n } of registers.written) {
      const owner = owners.get(`${slot} ${term}`)
      judge.hold(owner === undefined || owner === node, `write ${n} of ${key}: ${node} and ${owner} owned slot ${slot} in term ${term}`)
      judge.hold(term >= (terms.get(slot) ?? 0), `write ${n} of ${key}: ${node} wrote in term ${term} after term ${terms.get(slot)}`)
      owners.set(`${slot} ${term}`, node)
      terms.set(slot, term)
    }
    tally.count('owners', owners.size)
    judge.hold(this.#acknowledged.length >= 10, `only ${this.#acknowledged.length} writes of owners`)
    for (const key of keys)
      for (const machine of this.fleet.machines) this.#checkOwner(machine.process?.application.topology.ownerOf(key), key, machine.name)
  }

  #checkOwner(owner: { readonly kind: string } | undefined, key: string, name: string): void {
    this.world.judge.hold(owner !== undefined && owner.kind !== 'nobody', `${name} knows of no owner of ${key}`)
  }

  #later(): void {
    this.world.time.after(between(this.#random, 1, writeMs), () => {
      this.#write(pick(this.#random, keys), ++this.#count)
      this.#later()
    })
  }

  #write(key: string, n: number): void {
    const { tally, judge } = this.world
    const { process } = pick(this.#random, this.fleet.machines)
    if (process === undefined) return
    const { topology } = process.application
    topology.callOwner(key, writeCommand, { key, n }, { user: 'sim' }).then(
      data => {
        const answer = writeSchema.safeParse(data).data
        tally.count(topology.ownerOf(key).kind === 'there' ? 'writes of another node' : 'writes of owners')
        judge.hold(answer?.key === key && answer.n === n, `asked for write ${n} of ${key}, and was answered ${answer?.n} of ${answer?.key}`)
        this.#acknowledged.push({ key, n })
      },
      (error: unknown) => {
        tally.count('writes that failed')
        judge.hold(error instanceof CommandError, `a write failed unexpectedly: ${error instanceof Error ? error.stack : error}`)
      },
    )
  }
}
