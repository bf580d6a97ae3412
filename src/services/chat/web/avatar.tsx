import { hueOf, initialsOf } from './people.ts'

/** A face for who has none: initials on a colour that stays with the name. `seed` tells apart who is named the same. */
export function Avatar({
  name,
  seed = name,
  size = 44,
  online = false,
}: {
  readonly name: string
  readonly seed?: string
  readonly size?: number
  readonly online?: boolean
}) {
  return (
    <span class="avatar" data-online={online} style={`--hue:${hueOf(seed)};--size:${size}px`} aria-hidden="true">
      {initialsOf(name)}
    </span>
  )
}
