/** A figure in `/metrics`, read when somebody asks for it. */
export interface Metric {
  /** Without the prefix `fanfare_`, as Prometheus names things; one that ends in `_total` only grows. */
  readonly name: string
  readonly help: string
  /** The label of `read`'s values; it has few values, since each is a series of its own. */
  readonly label?: string
  /** One number, or one for each value of the label. */
  readonly read: () => number | Readonly<Record<string, number>>
}
