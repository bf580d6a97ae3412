import { afterEach } from 'bun:test'

const endings: (() => unknown)[] = []

/** Runs after the test, whether it passed or not; the last one registered first. */
export function atEnd(end: () => unknown): void {
  endings.push(end)
}

export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end()
}

// `bunfig.toml` loads this before any test: a hook of a module that tests import would be that of the first file alone.
afterEach(endAll)
