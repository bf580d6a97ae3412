import { z } from 'zod'
import { conflated } from './conflated.ts'
import { type Complain, type Delivery, type DeliveryKind, optionAt, type Spelling } from './delivery.ts'
import { ephemeral } from './ephemeral.ts'
import { lanes } from './lanes.ts'
import { latest } from './latest.ts'
import { createNamespace, isDefined, type Namespace, type NamespaceFields, type NamespaceRules, namespaceRules } from './namespace.ts'
import { stream } from './stream.ts'

/** Every delivery there is, by the name that a namespace gives as its `delivery`. */
export const deliveries = { stream, latest, conflated, lanes, ephemeral }

const rulesSchema = z.object(namespaceRules)

type Kinds = Readonly<Record<string, DeliveryKind>>

/** The input of a namespace: a union by delivery, so that no option is without meaning. */
export type InputFor<K extends Kinds> = {
  readonly [Name in keyof K]: Readonly<z.input<z.ZodObject<typeof namespaceRules>>> &
    Readonly<z.input<z.ZodObject<K[Name]['options']>>> &
    (Name extends 'stream' ? { readonly delivery?: Name } : { readonly delivery: Name })
}[keyof K]

export type NamespaceInput = InputFor<typeof deliveries>

/** A problem with one option of a namespace. */
export interface NamespaceProblem {
  readonly option: string
  readonly reason: string
}

/** A namespace that cannot be. */
export class NamespaceError extends Error {
  constructor(
    readonly namespace: string,
    readonly problems: readonly NamespaceProblem[],
  ) {
    super(problems.map(({ option, reason }) => `namespace "${namespace}": ${option}: ${reason}`).join('\n'))
  }
}

const asWritten: Spelling = { option: name => name, duration: ms => String(ms) }

/** Files spell options with underscores, and code does not. */
function unknownOption(option: string): string {
  const inCode = option.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const named = [inCode, `${inCode}Ms`].find(
    name => name in namespaceRules || Object.values(deliveries).some(({ options }) => name in options),
  )
  return inCode === option || named === undefined ? 'unknown option' : `is \`${named}\` in code`
}

/** Reads namespaces of some deliveries. There is one for those that ship, and a test has one with a delivery more. */
export function namespacesOf<K extends Kinds>(kinds: K) {
  const byName = new Map<string, DeliveryKind>(Object.entries(kinds))

  /** Which deliveries take an option that this one does not. */
  function elsewhere(option: string, delivery: string): string {
    const takers = [...byName].filter(([, { options }]) => option in options).map(([name]) => `"${name}"`)
    return takers.length === 0 ? unknownOption(option) : `needs delivery ${takers.join(' or ')}, not "${delivery}"`
  }

  function readDelivery(given: NamespaceFields, complain: Complain, spelling: Spelling): Delivery | undefined {
    const { delivery = 'stream' } = given
    const kind = typeof delivery === 'string' ? byName.get(delivery) : undefined
    if (kind === undefined) {
      complain('delivery', `expected ${[...byName.keys()].map(name => `"${name}"`).join(' or ')}, got ${JSON.stringify(delivery)}`)
      return undefined
    }
    for (const option of Object.keys(given)) {
      if (option === 'delivery' || option in namespaceRules || option in kind.options || given[option] === undefined) continue
      complain(option, elsewhere(option, String(delivery)))
    }
    return kind.read(given, complain, spelling)
  }

  function check(
    { delayMaxMs, joinLeave, forcePushJoinLeave }: NamespaceRules,
    delivery: Delivery | undefined,
    complain: Complain,
    spelling: Spelling,
  ) {
    if (delivery?.recovers === 'all' && delayMaxMs > delivery.history.ttlMs)
      complain('delayMaxMs', `must be at most ${spelling.option('historyTtlMs')}: who is behind is given what the history keeps`)
    if (forcePushJoinLeave && !joinLeave) complain('forcePushJoinLeave', `needs ${spelling.option('joinLeave')}`)
  }

  function read(given: NamespaceFields, complain: Complain, spelling: Spelling): Namespace | undefined {
    const read = rulesSchema.safeParse(given)
    if (!read.success) for (const { path, message } of read.error.issues) complain(optionAt(path), message)
    const delivery = readDelivery(given, complain, spelling)
    if (!read.success) return undefined
    check(read.data, delivery, complain, spelling)
    return delivery === undefined ? undefined : createNamespace(read.data, delivery, given)
  }

  /** Everything that is wrong with what is to be a namespace. */
  function problemsOf(given: NamespaceFields, spelling: Spelling = asWritten): readonly NamespaceProblem[] {
    const problems: NamespaceProblem[] = []
    read(given, (option, reason) => problems.push({ option: spelling.option(option), reason }), spelling)
    return problems
  }

  /** A namespace of options from elsewhere: a configuration, another node. @throws NamespaceError */
  function readNamespace(given: NamespaceFields): Namespace {
    const problems: NamespaceProblem[] = []
    const namespace = read(given, (option, reason) => problems.push({ option, reason }), asWritten)
    if (namespace === undefined || problems.length > 0) throw new NamespaceError(String(given.name), problems)
    return namespace
  }

  return {
    problemsOf,
    readNamespace,
    /** The only way to a namespace. @throws NamespaceError with everything that configuration would refuse */
    defineNamespace: (input: InputFor<K>): Namespace => readNamespace({ ...input }),
  }
}

/** What was defined already stays what it is. @throws NamespaceError */
export function namespaceFrom(input: NamespaceInput | Namespace): Namespace {
  return isDefined(input) ? input : defineNamespace(input)
}

export const { defineNamespace, readNamespace, problemsOf: namespaceProblems } = namespacesOf(deliveries)
