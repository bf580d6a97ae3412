import type { z } from 'zod'
import { type Json, type JsonBounds, JsonError, parseJson } from '../kit/index.ts'
import { CommandError, describeIssue, errors } from '../protocol/index.ts'

/** Reads the body of a request or an answer as text, never more than `bytesMax`. @throws CommandError 413 */
async function readText({ headers, body }: Pick<Request, 'headers' | 'body'>, bytesMax: number): Promise<string> {
  const tooLarge = new CommandError({ code: 413, message: `the body is larger than ${bytesMax} bytes` })
  if (Number(headers.get('content-length') ?? 0) > bytesMax) throw tooLarge
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > bytesMax) throw tooLarge
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Reads a JSON body. @throws CommandError 107 with the path of what is wrong */
export async function readJson(request: Request, bytesMax: number, bounds: JsonBounds): Promise<Json> {
  const text = await readText(request, bytesMax)
  try {
    return parseJson(text === '' ? '{}' : text, bounds)
  } catch (error) {
    if (error instanceof JsonError) throw new CommandError(errors.badRequest, error.message)
    throw error
  }
}

/** Checks a value against a schema. @throws CommandError 107 with the path of what is wrong */
export function check<S extends z.ZodType>(schema: S, value: Json): z.output<S> {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new CommandError(errors.badRequest, describeIssue(parsed.error))
  return parsed.data
}
