import type { ReadonlySignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { render } from 'preact'
import { BrandIcon, MoonIcon, SunIcon } from './icons.tsx'
import { navigation } from './navigation.ts'
import type { StreamState } from './stream-state.ts'
import { startTheme, theme, toggleTheme } from './theme.ts'

export interface ShellProps {
  /** Path of the page among those of the top bar. */
  readonly current: string
  readonly link?: ReadonlySignal<StreamState>
  readonly children: ComponentChildren
}

const operations = { path: '/ops', title: 'Ops' }

/** What every page has around it: where one is, how the stream is, light or dark. */
export function Shell({ current, link, children }: ShellProps) {
  return (
    <div class="page">
      <a class="skip-link" href="#main">
        Skip to content
      </a>
      <header class="top-bar">
        <div>
          <a class="brand" href="/" aria-label="Fanfare, home">
            <BrandIcon />
            <span>Fanfare</span>
          </a>
          <nav aria-label="Pages">
            {[...navigation(), operations].map(({ path, title }) => (
              <a key={path} href={path} aria-current={current === path ? 'page' : undefined}>
                {title}
              </a>
            ))}
          </nav>
          {link === undefined ? null : <Badge link={link} />}
          <ThemeButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <footer class="foot">
        <div>
          <span>Fanfare. Updates, the moment they happen.</span>
          <span>MIT licence</span>
        </div>
      </footer>
    </div>
  )
}

const words: Record<StreamState, readonly [name: string, meaning: string]> = {
  connecting: ['Connecting', 'The stream is being opened.'],
  live: ['Live', 'Updates arrive as they happen.'],
  reconnecting: ['Reconnecting', 'The connection was lost. What is missed meanwhile will be caught up.'],
  stale: ['Stale', 'Nothing has come for longer than it should take. The stream is being opened again.'],
  offline: ['Offline', 'This device has no network.'],
}

/** How the stream is, in a word. Changes are read out. */
function Badge({ link }: { readonly link: ReadonlySignal<StreamState> }) {
  const [name, meaning] = words[link.value]
  return (
    <span class="badge" role="status" data-link={link.value} title={meaning}>
      {name}
    </span>
  )
}

function ThemeButton() {
  const dark = theme.value === 'dark'
  return (
    <button type="button" class="icon-button" onClick={toggleTheme} aria-label={dark ? 'Switch to light theme' : 'Switch to dark theme'}>
      {dark ? <SunIcon /> : <MoonIcon />}
    </button>
  )
}

/** Shows a page. Every page's script ends with this. */
export function mount(page: ComponentChildren): void {
  startTheme()
  render(page, document.body)
}
