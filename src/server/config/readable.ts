import type { NamespaceOptions } from './namespace-options.ts'
import type { ReadServices } from './read-services.ts'
import type { Settings } from './schema.ts'

/** A namespace that could be read, with the path it stands at. */
export interface PlacedNamespace {
  readonly path: string
  readonly name: string
  readonly options: NamespaceOptions
}

/** The readable part of a configuration: problems of one option do not hide those between others. */
export interface Readable {
  readonly settings: Settings
  readonly namespaces: readonly PlacedNamespace[]
  readonly services: ReadServices
}
