/** Two things that may be paired, and what is gained by it. Gains are above 0. */
export interface Edge {
  readonly left: number
  readonly right: number
  readonly gain: number
}

/** The pairs with the greatest total gain, each index at most once: maximum-weight matching by augmenting paths (Kuhn 1955; Bellman-Ford). */
export function pairUp(edges: readonly Edge[]): (readonly [number, number])[] {
  return componentsOf(edges).flatMap(component => [...(component.length === 1 ? alone(component) : matching(component))])
}

function alone(edges: readonly Edge[]): (readonly [number, number])[] {
  return edges.map(({ left, right }) => [left, right] as const)
}

/** Edges that share no index cannot get in each other's way, and most events have one edge. */
function componentsOf(edges: readonly Edge[]): Edge[][] {
  const parents = new Map<string, string>()
  const rootOf = (node: string): string => {
    let root = node
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent
    return root
  }
  for (const { left, right } of edges) {
    const [a, b] = [rootOf(`l${left}`), rootOf(`r${right}`)]
    if (a !== b) parents.set(a, b)
  }
  const components = new Map<string, Edge[]>()
  for (const edge of edges) {
    const root = rootOf(`l${edge.left}`)
    const component = components.get(root)
    if (component === undefined) components.set(root, [edge])
    else component.push(edge)
  }
  return [...components.values()]
}

function matching(edges: readonly Edge[]): Map<number, number> {
  const pairs = new Map<number, number>()
  const taken = new Map<number, number>()
  const gains = new Map(edges.map(({ left, right, gain }) => [`${left} ${right}`, gain]))
  for (;;) {
    const path = bestPath(edges, pairs, taken, (left, right) => gains.get(`${left} ${right}`) ?? 0)
    if (path === undefined) return pairs
    for (const [left, right] of path) {
      pairs.set(left, right)
      taken.set(right, left)
    }
  }
}

/** The path from a free left index to a free right one, over pairs that are made, that gains most; undefined where none gains anything. */
function bestPath(
  edges: readonly Edge[],
  pairs: ReadonlyMap<number, number>,
  taken: ReadonlyMap<number, number>,
  gainOf: (left: number, right: number) => number,
): (readonly [number, number])[] | undefined {
  const reach = new Map<number, number>()
  const cameFrom = new Map<number, number>()
  for (const { left } of edges) if (!pairs.has(left)) reach.set(left, 0)
  let found: { readonly left: number; readonly right: number; readonly gain: number } | undefined
  for (let round = 0; round <= edges.length; round++) {
    let isChanged = false
    for (const { left, right, gain } of edges) {
      const before = reach.get(left)
      if (before === undefined || pairs.get(left) === right) continue
      const total = before + gain
      const holder = taken.get(right)
      if (holder === undefined) {
        if (total > (found?.gain ?? 0)) found = { left, right, gain: total }
        continue
      }
      const next = total - gainOf(holder, right)
      if (next <= (reach.get(holder) ?? Number.NEGATIVE_INFINITY)) continue
      reach.set(holder, next)
      cameFrom.set(holder, left)
      isChanged = true
    }
    if (!isChanged) break
  }
  return found === undefined ? undefined : pathTo(found, pairs, cameFrom)
}

function pathTo(
  end: { readonly left: number; readonly right: number },
  pairs: ReadonlyMap<number, number>,
  cameFrom: ReadonlyMap<number, number>,
): (readonly [number, number])[] {
  const path: (readonly [number, number])[] = []
  let { left, right }: { left: number; right: number } = end
  for (;;) {
    path.push([left, right])
    const previous = cameFrom.get(left)
    const held = pairs.get(left)
    if (previous === undefined || held === undefined) return path
    right = held
    left = previous
  }
}
