// Stands here for the example that is copied beside the programs.
export { poll } from '../../../examples/poll/poll.ts'
