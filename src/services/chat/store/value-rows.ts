import type { SqlValue } from '../../../service.ts'

type ColumnType = 'text' | 'integer' | 'double precision'

/** SQL: rows of values as a table that a statement begins with, and these values. */
export interface ValueRows {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** The last row is repeated until there are as many as a power of two, so that few texts are made, and each of them once. */
export function valueRows(name: string, columns: Readonly<Record<string, ColumnType>>, rows: readonly (readonly SqlValue[])[]): ValueRows {
  const types = Object.values(columns)
  const all = padded(rows)
  const lines = all.map((_, row) => {
    const places = types.map((type, column) => placeholder(row * types.length + column + 1, row === 0 ? type : undefined))
    return `(${places.join(', ')})`
  })
  return { text: `with ${name}(${Object.keys(columns).join(', ')}) as (values ${lines.join(', ')})`, values: all.flat() }
}

/** The last is repeated until there are as many as a power of two. */
export function padded<T>(given: readonly T[]): readonly T[] {
  let size = 1
  while (size < given.length) size *= 2
  const last = given.at(-1)
  return last === undefined ? [] : Array.from({ length: size }, (_, index) => given[index] ?? last)
}

/** Where nothing else tells the type of a column, the first row does. */
function placeholder(number: number, type: ColumnType | undefined): string {
  return type === undefined ? `?${number}` : `cast(?${number} as ${type})`
}
