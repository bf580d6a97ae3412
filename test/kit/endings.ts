const endings: (() => unknown)[] = []

/** Runs after the test, whether it passed or not; the last one registered first. */
export function atEnd(end: () => unknown): void {
  endings.push(end)
}

export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end()
}
