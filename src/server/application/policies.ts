import { type Namespace, type NamespaceFields, Namespaces, readNamespace } from '../../hub/index.ts'

/**
 * The namespaces of this server. On the central node: those of the configuration, which win, and those that services brought. On every
 * other: those of its parent, so that channels need no configuration there and have the same rules everywhere.
 */
export class Policies {
  readonly namespaces: Namespaces
  readonly #configured: ReadonlySet<string>

  constructor(
    configured: readonly Namespace[],
    readonly isCentral: boolean,
  ) {
    this.namespaces = new Namespaces(isCentral ? configured : [])
    this.#configured = new Set(configured.map(({ name }) => name))
  }

  /** From a service. */
  bring(namespace: Namespace): void {
    if (this.isCentral && !this.#configured.has(namespace.name)) this.namespaces.add(namespace)
  }

  /** From the parent. @returns the namespaces that were there with other rules; one that stayed the same keeps its identity */
  adopt(given: readonly NamespaceFields[]): ReadonlySet<string> {
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
