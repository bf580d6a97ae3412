import { useSignal } from '@preact/signals'

/** A piece of code that one click copies. */
export function Snippet({ code, label }: { readonly code: string; readonly label: string }) {
  const state = useSignal<'ready' | 'copied' | 'failed'>('ready')
  const copy = async () => {
    state.value = await copyText(code)
    setTimeout(() => {
      state.value = 'ready'
    }, 2000)
  }
  return (
    <div class="snippet">
      <div class="snippet-bar">
        <span aria-hidden="true">{label}</span>
        <button type="button" onClick={copy} aria-label={`Copy: ${label}`}>
          {{ ready: 'Copy', copied: 'Copied', failed: 'Select it' }[state.value]}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section tabIndex={0} aria-label={label}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
    </div>
  )
}

/** The clipboard is only there on secure origins, and the user may refuse it. */
async function copyText(text: string): Promise<'copied' | 'failed'> {
  try {
    await navigator.clipboard.writeText(text)
    return 'copied'
  } catch {
    return 'failed'
  }
}
