import { verifySignature } from 'fanfare'

// The same check as in `backend.mjs`, for a back end in TypeScript. Run it with `bun examples/hooks/signed.ts`.
const secret = process.env.HOOKS_SECRET ?? 'for-this-example-only-0123456789abcdef'

async function answer(request: Request): Promise<Response> {
  const body = await request.text()
  const isSigned = verifySignature({ header: request.headers.get('x-fanfare-signature'), body, secret })
  if (!isSigned) return new Response(null, { status: 401 })
  const { data } = JSON.parse(body)
  return Response.json({ result: { user: data.name } })
}

const server = Bun.serve({ port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1', fetch: answer })
process.on('SIGTERM', () => void server.stop())
console.log(`hooks are answered at ${server.url}`)
