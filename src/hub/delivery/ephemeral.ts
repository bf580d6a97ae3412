import { deliveryKind, flag, plain } from './delivery.ts'

/** Best effort: no history, and the first to be dropped where a client is slow. */
export const ephemeral = deliveryKind({
  options: { allowTagsFilter: flag },
  create: ({ allowTagsFilter }) => ({ ...plain, name: 'ephemeral', frame: 'ephemeral', tagsFilter: allowTagsFilter }),
})
