import { z } from 'zod'
import { version } from '../../version.ts'
import { batchSchema } from './batch.ts'
import { apiCommands } from './commands.ts'

const error = {
  type: 'object',
  required: ['code', 'message'],
  properties: { code: { type: 'integer' }, message: { type: 'string' } },
}

/** A command that could not be carried out answers 200 as well, as in Centrifugo. */
const answer = {
  oneOf: [
    { type: 'object', required: ['result'], properties: { result: { type: 'object' } } },
    { type: 'object', required: ['error'], properties: { error } },
  ],
}

const replies = { type: 'object', required: ['replies'], properties: { replies: { type: 'array', items: { type: 'object' } } } }

/** The server API in OpenAPI 3.1, by the schemas that its commands are checked with. */
export function openApi(): object {
  const commands = [...apiCommands].map(([name, { about, schema }]) => operation(name, about, schema, answer))
  return {
    openapi: '3.1.0',
    info: { title: 'The server API of Fanfare', version },
    security: [{ key: [] }],
    paths: Object.fromEntries([...commands, operation('batch', 'Runs several commands.', batchSchema, replies)]),
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
  }
}

function operation(name: string, summary: string, schema: z.ZodType, answered: object) {
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const post = {
    operationId: name,
    summary,
    requestBody: { required: true, content: { 'application/json': { schema: parameters } } },
    responses: {
      200: { description: 'What became of it.', content: { 'application/json': { schema: answered } } },
      default: {
        description: 'A request that reached no command.',
        content: { 'application/json': { schema: { type: 'object', properties: { error } } } },
      },
    },
  }
  return [`/api/${name}`, { post }] as const
}
