import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from './icons.tsx'

/** A window over the page. The browser keeps the focus inside, closes it on Escape, and gives the focus back. */
export function DialogFrame({
  title,
  close,
  hideTitle = false,
  children,
}: {
  readonly title: string
  readonly close: () => void
  readonly hideTitle?: boolean
  readonly children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-label={title}
      onClose={close}
      onKeyDown={event => event.stopPropagation()}
      onPointerDown={event => event.target === event.currentTarget && close()}
    >
      <div class="dialog-content">
        {hideTitle ? null : (
          <header class="dialog-head">
            <h2>{title}</h2>
            <button type="button" class="icon-button" aria-label="Close" onClick={close}>
              <Icon name="close" />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  )
}
