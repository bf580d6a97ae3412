import { CommandError, errors } from '../../../protocol/index.ts'

/** Channels of other kinds (maps, shared polls) do not exist here: to be taken for one of ours would be worse than a refusal. @throws CommandError 108 */
export function refuseType(type: number | undefined, path: string): void {
  if (type !== undefined && type !== 0) throw new CommandError(errors.notAvailable, `${path}: only 0, a channel of publications`)
}
