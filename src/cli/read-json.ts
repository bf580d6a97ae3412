import { type ParseError, parse, printParseErrorCode, stripComments } from 'jsonc-parser'

/** What a text says, or what it should have said where it stops being JSON. Lines and columns are counted from 1. */
export type ReadJson =
  | { readonly ok: true; readonly content: unknown }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly expected: string }

/** By the names that the parser has for its errors. */
const expectations: Readonly<Record<string, string>> = {
  ColonExpected: '":"',
  CommaExpected: '"," or a closing bracket',
  CloseBraceExpected: '"}"',
  CloseBracketExpected: '"]"',
  EndOfFileExpected: 'the end',
  PropertyNameExpected: 'a name in double quotes',
  UnexpectedEndOfComment: 'the end of a comment',
  UnexpectedEndOfString: 'the end of a text',
  InvalidCharacter: 'a text without control characters',
  InvalidEscapeCharacter: 'an escape that JSON has',
  InvalidUnicode: 'four hexadecimal digits',
}

/** JSON in which comments may stand, as people write it into files. Other parsers do not say where a mistake is, this one accepts more than JSON. */
export function readJsonWithComments(text: string): ReadJson {
  const errors: ParseError[] = []
  parse(text, errors)
  const [first] = errors
  if (first === undefined) return { ok: true, content: JSON.parse(stripComments(text)) }
  const lines = text.slice(0, first.offset).split('\n')
  return {
    ok: false,
    line: lines.length,
    column: (lines.at(-1)?.length ?? 0) + 1,
    expected: expectations[printParseErrorCode(first.error)] ?? 'a value',
  }
}
