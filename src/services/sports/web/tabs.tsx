import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'

export interface Tab {
  readonly id: string
  readonly name: string
  readonly content: ComponentChildren
  /** Where there is room for two: beside the others, in the narrower column. */
  readonly isAside?: boolean
}

/** Panels side by side where there is room, behind tabs where there is not. The arrow keys move between tabs (WAI-ARIA tabs pattern). */
export function Tabs({ tabs, label }: { readonly tabs: readonly Tab[]; readonly label: string }) {
  const chosen = useSignal(tabs[0]?.id ?? '')
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    const index = tabs.findIndex(tab => tab.id === chosen.value)
    chosen.value = tabs[(index + step + tabs.length) % tabs.length]?.id ?? chosen.value
    document.getElementById(`tab-${chosen.value}`)?.focus()
  }
  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-selected={chosen.value === id}
            aria-controls={`panel-${id}`}
            tabIndex={chosen.value === id ? 0 : -1}
            onClick={() => {
              chosen.value = id
            }}
          >
            {name}
          </button>
        ))}
      </div>
      {[false, true].map(isAside => (
        <div key={`${isAside}`} class="column">
          {tabs
            .filter(tab => (tab.isAside ?? false) === isAside)
            .map(({ id, name, content }) => (
              <section key={id} id={`panel-${id}`} class={`panel ${id}`} data-chosen={chosen.value === id} aria-label={name}>
                <h2 class="panel-title">{name}</h2>
                {content}
              </section>
            ))}
        </div>
      ))}
    </div>
  )
}
