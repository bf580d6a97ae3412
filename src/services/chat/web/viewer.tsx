import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { FileView, MessageView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { useSource } from './message-files.tsx'

/** A picture or a video that is looked at. */
export interface Viewed {
  readonly item: MessageView
  readonly file: FileView
}

/** Pixels that a finger goes for the next one. */
const swipePx = 48

/** One picture over the whole page; arrows and fingers go to those before and after it in the conversation. */
export function Viewer({ desk }: { readonly desk: Desk }) {
  const open = desk.viewer.value
  return open === undefined ? null : <OpenViewer desk={desk} open={open} />
}

function OpenViewer({ desk, open }: { readonly desk: Desk; readonly open: Viewed }) {
  const { store } = desk
  const { item, file } = open
  const dialog = useRef<HTMLDialogElement>(null)
  const all = picturesIn(desk, item.conversation)
  const index = all.findIndex(each => isSame(each, open))
  const close = () => {
    desk.viewer.value = undefined
  }
  const go = (by: number) => {
    const next = all[index + by]
    if (index >= 0 && next !== undefined) desk.viewer.value = next
  }
  useLayoutEffect(() => {
    dialog.current?.showModal()
  }, [])
  // What is deleted meanwhile is not looked at any longer.
  useEffect(() => {
    if (index < 0) close()
  }, [index])
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation()
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (step !== undefined) go(step)
  }
  const swipe = useSwipe(go, close)
  return (
    <dialog
      ref={dialog}
      class="viewer"
      aria-label={`Photo of ${store.people.subject(item.author)}`}
      onClose={close}
      onKeyDown={onKeyDown}
      {...swipe}
    >
      <header class="viewer-head">
        <span>
          <bdi>{store.people.subject(item.author)}</bdi>
          <small>{store.labels.moment(item.ts, store.now.value)}</small>
        </span>
        <button
          type="button"
          class="icon-button"
          aria-label={`Download ${file.name}`}
          title="Download"
          onClick={() => void desk.save(file)}
        >
          <Icon name="download" />
        </button>
        <button type="button" class="icon-button" aria-label="Close" title="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="viewer-stage">
        <Shown key={file.id ?? item.key} desk={desk} file={file} />
      </div>
      {index > 0 ? (
        <button type="button" class="viewer-step" data-side="before" aria-label="The one before" onClick={() => go(-1)}>
          <Icon name="back" />
        </button>
      ) : null}
      {index >= 0 && index < all.length - 1 ? (
        <button type="button" class="viewer-step" data-side="after" aria-label="The next one" onClick={() => go(1)}>
          <Icon name="back" />
        </button>
      ) : null}
      {item.text === undefined || item.text === '' ? null : (
        <p class="viewer-caption" dir="auto">
          {item.text}
        </p>
      )}
    </dialog>
  )
}

/** The small form is there already: it stands in until the whole picture has come. */
function Shown({ desk, file }: { readonly desk: Desk; readonly file: FileView }) {
  const small = useSource(desk, file, 'small')
  const whole = useSource(desk, file, 'whole')
  const { width = 4, height = 3, alt } = file
  return (
    <div class="viewer-picture" style={`aspect-ratio:${width}/${height};--wide:${width}px;--ratio:${width / height}`}>
      {small.url === undefined || small.url === whole.url ? null : <img src={small.url} alt="" />}
      {whole.url === undefined ? null : <img src={whole.url} alt={alt ?? file.name} draggable={false} onError={whole.failed} />}
    </div>
  )
}

/** A finger goes to the next one; a press beside the picture closes. */
function useSwipe(go: (by: number) => void, close: () => void) {
  const start = useRef<{ readonly x: number; readonly y: number } | undefined>(undefined)
  return {
    onPointerDown: ({ clientX: x, clientY: y }: PointerEvent) => {
      start.current = { x, y }
    },
    onPointerUp: ({ clientX, clientY, pointerType, target }: PointerEvent) => {
      const from = start.current
      start.current = undefined
      if (from === undefined) return
      const [across, down] = [clientX - from.x, clientY - from.y]
      if (pointerType !== 'mouse' && Math.abs(across) > swipePx && Math.abs(across) > Math.abs(down)) go(across > 0 ? -1 : 1)
      else if (Math.hypot(across, down) < swipePx && target instanceof Element && target.matches('.viewer-stage')) close()
    },
  }
}

/** All pictures of a conversation that are known, in order. */
function picturesIn({ store }: Desk, conversation: string): Viewed[] {
  return store
    .items(conversation)
    .flatMap(item => (item.kind === 'message' && !item.deleted ? (item.files ?? []).map(file => ({ item, file })) : []))
    .filter(({ file }) => file.kind === 'picture')
}

function isSame(one: Viewed, other: Viewed): boolean {
  const index = (viewed: Viewed) => viewed.item.files?.indexOf(viewed.file)
  return one.item.key === other.item.key && (one.file.id === other.file.id || index(one) === index(other))
}
