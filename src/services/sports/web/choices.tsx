import type { ComponentChildren } from 'preact'

export interface Choice<T extends string> {
  readonly value: T
  readonly name: ComponentChildren
}

export interface ChoicesProps<T extends string> {
  readonly label: string
  /** Of the group, on a page that has several. */
  readonly name: string
  readonly choices: readonly Choice<T>[]
  readonly chosen: T
  readonly onChoose: (value: T) => void
}

/** One of a few, side by side: radio buttons, so that the keyboard needs one stop and the arrow keys choose. */
export function Choices<T extends string>({ label, name, choices, chosen, onChoose }: ChoicesProps<T>) {
  return (
    <fieldset class={`choices ${name}`}>
      <legend class="visually-hidden">{label}</legend>
      {choices.map(({ value, name: content }) => (
        <label key={value}>
          <input type="radio" name={name} value={value} checked={chosen === value} onChange={() => onChoose(value)} />
          <span>{content}</span>
        </label>
      ))}
    </fieldset>
  )
}
