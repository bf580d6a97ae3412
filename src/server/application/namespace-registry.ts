import { type Namespace, type NamespaceFields, Namespaces, readNamespace } from '../../hub/index.ts'

/**
 * The namespaces of this server. On the central node: those of the configuration, which win, and those of services. On every other node:
 * those of its parent, so that channels need no configuration there and have the same rules everywhere.
 */
export class NamespaceRegistry {
  readonly namespaces: Namespaces
  readonly #configured: ReadonlySet<string>

  constructor(
    configured: readonly Namespace[],
    readonly isCentral: boolean,
  ) {
    this.namespaces = new Namespaces(isCentral ? configured : [])
    this.#configured = new Set(configured.map(({ name }) => name))
  }

  /** Adds a service's namespace, unless the configuration has one of its name. */
  addFromService(namespace: Namespace): void {
    if (this.isCentral && !this.#configured.has(namespace.name)) this.namespaces.add(namespace)
  }

  /** Replaces them by the parent's. @returns the names of those that changed or went; an unchanged namespace keeps its identity */
  adoptFromParent(given: readonly NamespaceFields[]): ReadonlySet<string> {
    const before = new Map(this.namespaces.list().map(namespace => [namespace.name, namespace]))
    const changed = new Set<string>()
    for (const options of given) {
      const namespace = readNamespace(options)
      const known = before.get(namespace.name)
      before.delete(namespace.name)
      if (Bun.deepEquals(known?.options, options)) continue
      if (known !== undefined) changed.add(namespace.name)
      this.namespaces.add(namespace)
    }
    for (const name of before.keys()) {
      this.namespaces.remove(name)
      changed.add(name)
    }
    return changed
  }
}
