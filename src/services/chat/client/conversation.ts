export interface CachedConversation {
  readonly id: string
}
