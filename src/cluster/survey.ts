import { type Clock, within } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Request } from './row.ts'

/** A node that can be asked: a link, or something that finds one. */
export interface Respondent {
  request<In, Out>(row: Request<In, Out>, input: In): Promise<Out>
}

export interface SurveyTerms {
  readonly clock: Clock
  readonly deadlineMs: number
  /** Whether the survey fails where a node fails or is late, because a part would look like the whole; else that node is left out. */
  readonly isWhole: boolean
}

/**
 * Asks several nodes the same, all in this turn, and gives their answers.
 * @throws CommandError as a node does, or 100 where one is late, if only the whole will do
 */
export async function survey<In, Out>(
  nodes: Iterable<Respondent>,
  row: Request<In, Out>,
  input: In,
  { clock, deadlineMs, isWhole }: SurveyTerms,
): Promise<readonly Out[]> {
  const late = () => new CommandError(errors.internal, `a node does not answer ${row.name}`)
  const asked = [...nodes].map(node => within(clock, deadlineMs, node.request(row, input), late))
  if (isWhole) return await Promise.all(asked)
  return (await Promise.allSettled(asked)).flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
}

/** Asks several nodes at once whether it is so. The first that says yes is enough; a node that fails or is late does not know. */
export async function anyOf<In>(
  nodes: Iterable<Respondent>,
  row: Request<In, boolean>,
  input: In,
  { clock, deadlineMs }: Pick<SurveyTerms, 'clock' | 'deadlineMs'>,
): Promise<boolean> {
  const late = () => new CommandError(errors.internal, `a node does not answer ${row.name}`)
  const asked = [...nodes].map(async node => {
    if (!(await within(clock, deadlineMs, node.request(row, input), late))) throw new CommandError(errors.notAvailable)
  })
  return await Promise.any(asked).then(
    () => true,
    () => false,
  )
}

/** Counts by name of several nodes as those of one. */
export function sumByName(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>()
  for (const counts of all) for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count)
  return Object.fromEntries(sums)
}
