import type { ComponentChildren } from 'preact'
import { Sparkline } from '../sparkline.tsx'

export interface TileProps {
  readonly name: string
  readonly value: string
  /** The last minute, where there is a curve. */
  readonly values?: readonly number[]
  readonly children: ComponentChildren
}

/** One figure, what it is made of, and how it went in the last minute. */
export function Tile({ name, value, values, children }: TileProps) {
  return (
    <section class="tile panel" aria-label={name}>
      <h2 class="panel-title">{name}</h2>
      <p class="figure numeral">{value}</p>
      <p class="detail numeral">{children}</p>
      {values === undefined ? null : <Sparkline values={values} label={`${name}, the last minute`} />}
    </section>
  )
}
