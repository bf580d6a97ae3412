import { type ComponentChildren, Fragment } from 'preact'
import type { Mention } from '../model/mentions.ts'
import { deceptiveHost } from './link-host.ts'
import type { People } from './people.ts'
import { type RichPart, richParts, type TextStyle } from './styled-text.ts'

interface RichTextProps {
  readonly text: string
  readonly mentions?: readonly Mention[] | undefined
  /** How those who are named are called. */
  readonly people?: People
}

/**
 * What someone wrote, as text and nothing but text; some of it stands out, addresses can be followed, and who is named is called what they
 * are called now.
 */
export function RichText({ text, mentions = [], people }: RichTextProps) {
  if (mentions.length === 0 || people === undefined) return <Parts parts={richParts(text)} />
  const within = mentions.filter(({ at, length }) => at + length <= text.length)
  return (
    <>
      {within.map(({ user, at }, index) => (
        <Fragment key={at}>
          <Parts parts={richParts(text.slice(endOf(within[index - 1]), at))} />
          <bdi class="mention" data-me={user === people.me} title={user} data-user={user}>
            @{people.name(user)}
          </bdi>
        </Fragment>
      ))}
      <Parts parts={richParts(text.slice(endOf(within.at(-1))))} />
    </>
  )
}

function endOf(mention: Mention | undefined): number {
  return mention === undefined ? 0 : mention.at + mention.length
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
