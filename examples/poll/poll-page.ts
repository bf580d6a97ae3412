export interface Shown {
  readonly question: string
  readonly choices: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

const answer = await fetch('rpc/poll.show', { method: 'POST', body: '{}' })
const { question, choices, counts }: Shown = await answer.json()

function show(votes: Shown['counts']): void {
  document.querySelector('ul')?.replaceChildren(
    ...choices.map(choice => {
      const item = document.createElement('li')
      item.textContent = `${choice}: ${votes[choice] ?? 0}`
      return item
    }),
  )
}

document.querySelector('h1')?.append(question)
show(counts)
const stream = new EventSource('sse?channel=poll:votes')
stream.onmessage = ({ data }) => {
  const message = JSON.parse(data)
  for (const { pub } of message.batch ?? [message]) if (pub !== undefined) show(pub.data.counts)
}
