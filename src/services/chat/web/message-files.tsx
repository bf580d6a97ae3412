import { useEffect, useMemo, useState } from 'preact/hooks'
import type { FileView, MessageView } from '../client/index.ts'
import { FileSheet } from './attach-sheet.tsx'
import type { Desk } from './desk.ts'
import { sizeText } from './file-words.ts'
import { Icon } from './icons.tsx'

interface FileProps {
  readonly file: FileView
  readonly item: MessageView
  readonly desk: Desk
}

/** Pixels that a picture takes in a conversation at most. */
const box = { width: 330, height: 360, least: 110, caption: 240 } as const

/** What a message carries, each in its form. */
export function MessageFiles({ item, desk }: { readonly item: MessageView; readonly desk: Desk }) {
  return (
    <div class="files">
      {item.files?.map((file, index) => (
        <MessageFile key={file.id ?? index} file={file} item={item} desk={desk} />
      ))}
    </div>
  )
}

function MessageFile(props: FileProps) {
  switch (props.file.kind) {
    case 'picture':
      return <PictureFile {...props} />
    case 'video':
      return <VideoFile {...props} />
    case 'audio':
      return <AudioFile {...props} />
    default:
      return <PlainFile {...props} />
  }
}

/** Its room is there before it is: nothing moves when it comes. */
function PictureFile({ file, item, desk }: FileProps) {
  const { width = 4, height = 3, alt = '' } = file
  const source = useSource(desk, file, 'small')
  const shown = widthOf(file)
  const name = alt === '' ? `Photo, ${file.name}` : alt
  return (
    <div class="picture" style={`width:${shown}px;aspect-ratio:${width}/${Math.min(height, width * 3)}`}>
      <button type="button" class="picture-open" tabIndex={-1} aria-label={`Open: ${name}`} onClick={() => desk.view(item, file)}>
        {source.url === undefined ? null : <img src={source.url} alt={name} decoding="async" draggable={false} onError={source.failed} />}
      </button>
      <Upload item={item} desk={desk} />
    </div>
  )
}

/** Pixels of a picture or a video in a conversation. */
function widthOf({ kind, width = 4, height = 3 }: FileView): number {
  if (kind !== 'picture') return box.width
  const scale = Math.min(box.width / width, box.height / height, 1)
  return Math.max(box.least, Math.round(width * scale))
}

/** A caption is as wide as what it is about, and wide enough to be read. */
export function captionedWidth(files: readonly FileView[]): number {
  return Math.max(box.caption, ...files.map(widthOf))
}

function VideoFile({ file, item, desk }: FileProps) {
  const source = useSource(desk, file, 'whole')
  return (
    <div class="video">
      {/* biome-ignore lint/a11y/useMediaCaption: whoever sent it gave none */}
      <video src={source.url} controls preload="metadata" playsInline aria-label={file.alt ?? file.name} onError={source.failed} />
      <Upload item={item} desk={desk} />
    </div>
  )
}

function AudioFile({ file, item, desk }: FileProps) {
  const source = useSource(desk, file, 'whole')
  return (
    <div class="audio">
      {/* biome-ignore lint/a11y/useMediaCaption: whoever sent it gave none */}
      <audio src={source.url} controls preload="metadata" aria-label={file.alt ?? file.name} onError={source.failed} />
      <Upload item={item} desk={desk} />
    </div>
  )
}

function PlainFile({ file, item, desk }: FileProps) {
  const { name, size } = file
  return (
    <div class="file-row">
      <FileSheet name={name} />
      <span class="file-what">
        <bdi title={name}>{name}</bdi>
        <small class="numeral">{sizeText(size)}</small>
      </span>
      {item.seq === undefined ? (
        <Upload item={item} desk={desk} />
      ) : (
        <button
          type="button"
          class="icon-button"
          tabIndex={-1}
          aria-label={`Download ${name}`}
          title="Download"
          onClick={() => void desk.save(file)}
        >
          <Icon name="download" />
        </button>
      )}
    </div>
  )
}

/** How far it is on its way, and the way to stop it. */
function Upload({ item: { cid, seq, state }, desk }: { readonly item: MessageView; readonly desk: Desk }) {
  if (seq !== undefined || cid === undefined || state === 'failed') return null
  const part = desk.store.progress(cid)
  return (
    <button
      type="button"
      class="upload"
      tabIndex={-1}
      aria-label="Cancel sending"
      title="Cancel"
      onClick={() => desk.store.chat.discard(cid)}
    >
      <svg
        viewBox="0 0 44 44"
        role="progressbar"
        aria-label="Sending"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round((part ?? 0) * 100)}
      >
        <circle cx="22" cy="22" r="19" />
        <circle
          cx="22"
          cy="22"
          r="19"
          pathLength="100"
          stroke-dasharray={`${Math.max(4, (part ?? 0) * 100)} 100`}
          data-waiting={part === undefined}
        />
      </svg>
      <Icon name="close" />
    </button>
  )
}

/** Where to show a file from: memory, where this device has just sent it, or else the server. A link that has ended is asked for anew, once. */
export function useSource(
  desk: Desk,
  file: FileView,
  form: 'whole' | 'small',
): { readonly url: string | undefined; readonly failed: () => void } {
  const { id } = file
  const { files } = desk.store.chat
  const blob = file.blob ?? (id === undefined ? undefined : files.own(id))
  const local = useObjectUrl(blob)
  const [held, hold] = useState<string>()
  const [failures, fail] = useState(0)
  const linked = local === undefined && held === undefined && id !== undefined ? desk.store.fileUrl(id, form) : undefined
  useEffect(() => {
    if (linked !== undefined) hold(linked)
  }, [linked])
  const failed = () => {
    if (local !== undefined || id === undefined || failures >= 1) return
    files.forgetLink(id)
    hold(undefined)
    fail(failures + 1)
  }
  return { url: local ?? held ?? linked, failed }
}

function useObjectUrl(blob: Blob | undefined): string | undefined {
  const url = useMemo(() => (blob === undefined ? undefined : URL.createObjectURL(blob)), [blob])
  useEffect(() => () => (url === undefined ? undefined : URL.revokeObjectURL(url)), [url])
  return url
}
