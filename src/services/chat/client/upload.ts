import * as z from 'zod/mini'
import type { UploadedFile } from '../model/file.ts'
import { uploadedSchema } from './answers.ts'
import { ChatError, readError } from './chat-error.ts'

export interface UploadRequest {
  readonly url: string
  readonly token: string | undefined
  readonly body: Blob
  readonly signal: AbortSignal
  /** How many bytes have left. */
  readonly progress: (bytes: number) => void
}

interface UploadAnswer {
  readonly status: number
  readonly text: string
}

const refusalSchema = z.object({ error: z.object({ code: z.number(), message: z.string(), temporary: z.optional(z.boolean()) }) })

/** Sends the bytes of a file. @throws ChatError */
export async function upload(request: UploadRequest): Promise<UploadedFile> {
  const { status, text } = await (typeof XMLHttpRequest === 'undefined' ? byFetch(request) : byXhr(request))
  const body = parsed(text)
  const uploaded = uploadedSchema.safeParse(body)
  if (status === 200 && uploaded.success) return uploaded.data
  const refusal = refusalSchema.safeParse(body)
  // A proxy in front answers without a code of ours: what it has no room for stays too large, and what it cannot reach comes back.
  const { code, message, temporary } = refusal.success
    ? refusal.data.error
    : { code: status, message: status === 413 ? 'too_large' : 'unreadable' }
  throw readError({ code: Math.max(100, code), message, temporary: temporary === true || status >= 500 || status === 0 })
}

/** Nothing else in a browser tells how far it has come. */
function byXhr({ url, token, body, signal, progress }: UploadRequest): Promise<UploadAnswer> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    xhr.open('PUT', url)
    if (token !== undefined) xhr.setRequestHeader('Authorization', `Bearer ${token}`)
    xhr.setRequestHeader('Content-Type', 'application/octet-stream')
    xhr.upload.onprogress = ({ loaded }) => progress(Math.min(loaded, body.size))
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText })
    xhr.onerror = () => reject(offline())
    xhr.onabort = () => reject(offline())
    signal.addEventListener('abort', () => xhr.abort())
    if (signal.aborted) reject(offline())
    else xhr.send(body)
  })
}

async function byFetch({ url, token, body, signal, progress }: UploadRequest): Promise<UploadAnswer> {
  const headers: Record<string, string> = { 'Content-Type': 'application/octet-stream' }
  if (token !== undefined) headers.Authorization = `Bearer ${token}`
  try {
    const response = await fetch(url, { method: 'PUT', headers, body, signal })
    progress(body.size)
    return { status: response.status, text: await response.text() }
  } catch {
    throw offline()
  }
}

function offline(): ChatError {
  return new ChatError({ code: 0, reason: 'offline', text: '' }, true)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
