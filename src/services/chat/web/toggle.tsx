import type { ComponentChildren } from 'preact'

/** A switch with its words; all of it can be pressed. */
export function Toggle({
  isOn,
  set,
  children,
}: {
  readonly isOn: boolean
  readonly set: (on: boolean) => void
  readonly children: ComponentChildren
}) {
  return (
    <label class="toggle">
      {children}
      <input type="checkbox" role="switch" aria-checked={isOn} checked={isOn} onChange={() => set(!isOn)} />
    </label>
  )
}
