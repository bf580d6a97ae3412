import { textParts } from './text-parts.ts'

/** What someone wrote, as text and nothing but text; addresses can be followed. */
export function RichText({ text }: { readonly text: string }) {
  return (
    <>
      {textParts(text).map((part, index) =>
        part.kind === 'text' ? (
          part.text
        ) : (
          <a key={`${index} ${part.href}`} href={part.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
            {part.text}
          </a>
        ),
      )}
    </>
  )
}
