import { deceptiveHost } from './link-host.ts'
import { textParts } from './text-parts.ts'

/** What someone wrote, as text and nothing but text; addresses can be followed. */
export function RichText({ text }: { readonly text: string }) {
  return (
    <>
      {textParts(text).map((part, index) =>
        part.kind === 'text' ? part.text : <Address key={`${index} ${part.href}`} text={part.text} href={part.href} />,
      )}
    </>
  )
}

/** A name that may look like another one is followed by what it really is. */
function Address({ text, href }: { readonly text: string; readonly href: string }) {
  const host = deceptiveHost(text)
  return (
    <>
      <a href={href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
        {text}
      </a>
      {host === undefined ? null : (
        <span class="real-host" dir="ltr" title="This address may look like another one. It leads here.">
          {host}
        </span>
      )}
    </>
  )
}
