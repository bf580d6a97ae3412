import { createServer } from 'fanfare'
import { poll } from './poll.ts'

const port = Number(process.env.PORT ?? 7400)
const server = await createServer({ port, poll: { question: 'Cats or dogs?', choices: ['cats', 'dogs'] } }, { services: [poll] })
console.log(`a poll is open at ${server.url}/poll`)
process.on('SIGTERM', () => void server.drain())
