/** Edits between two words: insert, delete, replace, or swap neighbours (optimal string alignment distance). */
function distance(left: string, right: string): number {
  let before: number[] = []
  let above = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      const cost = (cells: readonly number[], index: number, more: number) => (cells[index] ?? 0) + more
      const edits = [cost(above, column, 1), cost(current, column - 1, 1), cost(above, column - 1, same ? 0 : 1)]
      if (swapped) edits.push(cost(before, column - 2, 1))
      current.push(Math.min(...edits))
    }
    before = above
    above = current
  }
  return above[right.length] ?? 0
}

/** The known name that was most likely meant, or undefined where none is near: at most one edit in three characters, and three in all. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const most = Math.min(3, Math.max(1, Math.floor(word.length / 3)))
  let best: { name: string; edits: number } | undefined
  for (const name of known) {
    if (Math.abs(name.length - word.length) > most) continue
    const edits = distance(word, name)
    if (edits <= most && edits < (best?.edits ?? Number.POSITIVE_INFINITY)) best = { name, edits }
  }
  return best?.name
}

/** The known path that was most likely meant: one with the same last part, or the nearest one. */
export function nearestPath(word: string, paths: readonly string[]): string | undefined {
  return nearest(word, paths) ?? paths.find(path => path.endsWith(`.${word}`))
}

/** `, did you mean "x"?` or nothing. */
export function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `, did you mean "${name}"?`
}
