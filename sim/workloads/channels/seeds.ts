import type { KeptSeed } from '../../core/seeds.ts'

export const keptSeeds: readonly KeptSeed[] = [
  { seed: 3, story: 'a stream went on without a channel that could not be opened at the time, for which no browser asks again' },
  { seed: 4, story: 'a value that was removed and set again within one interval was merged into the old one' },
  { seed: 6, story: 'the state of a low lane reached no other server, since it did not say which lane it was of' },
  { seed: 9, story: 'a socket that filled with ephemeral frames alone held up everything after them until the next ping' },
  { seed: 10, story: 'a cursor said less than a recovery ahead of its channel had sent, and the same came twice' },
  { seed: 12, story: 'a server-side subscription that lost its state was ended by a push, after which no SDK subscribes to it again' },
  { seed: 21, story: 'a low lane never learned of what its server had missed' },
  { seed: 28, story: 'a subscriber missed a publication because another one overflowed and left while it was handed out' },
  { seed: 80, story: 'a deadline set before the clock was set back came as much later' },
  { seed: 92, story: 'the lingering of a channel that could not be opened closed the one opened after it, with its subscribers' },
  { seed: 221, story: 'conflated channels fell silent for an hour after the clock was set back by one' },
  { seed: 718, story: 'a watchlist changed on one server was forgotten by the second other server that the stream resumed on' },
  { seed: 1043, story: 'a channel that was opened late while the watchlist changed stood on it twice, and the next stream never got it' },
  { seed: 1160, story: 'the same, of a channel whose broker could not be reached at first' },
  { seed: 1503, story: 'the same, of a channel without a history' },
]

/** Kept seeds of clients on thin lines. */
export const keptThinSeeds: readonly KeptSeed[] = [
  { seed: 762, story: 'a client gave up a line that was still bringing the state of its channels, again and again' },
  {
    seed: 934,
    story: 'a client with a full line asked for something, and small answers on top of the largest took the queue beyond its bound',
  },
  { seed: 1715, story: 'the state of one channel took longer on the line than a client waits for an answer' },
  { seed: 1814, story: 'a client on a thin line behind a relay did not come to the end of its channels' },
]
