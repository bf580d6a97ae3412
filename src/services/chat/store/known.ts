import type { Queries } from '../../../service.ts'

/** As many are asked for in one question. */
const stepMax = 100

/** Those of the named users who have been here: with a device, or by any command. */
export async function beenHere(queries: Queries, users: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  for (let from = 0; from < users.length; from += stepMax) {
    const some = users.slice(from, from + stepMax)
    const named = some.map((_, index) => `?${index + 1}`).join(', ')
    const rows = await queries.all<{ person: string }>(
      `select person from chat_profile where last_seen > 0 and person in (${named}) union select person from chat_device where person in (${named})`,
      ...some,
    )
    for (const { person } of rows) found.add(person)
  }
  return found
}
