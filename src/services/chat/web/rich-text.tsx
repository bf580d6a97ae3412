import type { ComponentChildren } from 'preact'
import { deceptiveHost } from './link-host.ts'
import { type RichPart, richParts, type TextStyle } from './styled-text.ts'

/** What someone wrote, as text and nothing but text; some of it stands out, and addresses can be followed. */
export function RichText({ text }: { readonly text: string }) {
  return <Parts parts={richParts(text)} />
}

function Parts({ parts }: { readonly parts: readonly RichPart[] }) {
  return (
    <>
      {parts.map((part, index) => {
        if (part.kind === 'text') return part.text
        if (part.kind === 'link') return <Address key={`${index} ${part.href}`} text={part.text} href={part.href} />
        return (
          <Styled key={`${index} ${part.style}`} style={part.style}>
            <Parts parts={part.parts} />
          </Styled>
        )
      })}
    </>
  )
}

function Styled({ style, children }: { readonly style: TextStyle; readonly children: ComponentChildren }) {
  switch (style) {
    case 'bold':
      return <strong>{children}</strong>
    case 'italic':
      return <em>{children}</em>
    case 'strike':
      return <s>{children}</s>
    case 'code':
      return <code>{children}</code>
    case 'block':
      return <code class="code-block">{children}</code>
  }
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
