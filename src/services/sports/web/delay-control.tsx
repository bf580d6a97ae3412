import { chooseDelay, delayS, delays } from './delay.ts'

/** Lets a viewer be as late as its television: the whole page is behind then, the clock too. */
export function DelayControl() {
  return (
    <fieldset class="delay" data-on={delayS.value !== 0}>
      <legend>Delay</legend>
      <div class="delay-choices">
        {delays.map(delay => (
          <label key={delay}>
            <input
              type="radio"
              name="delay"
              value={delay}
              checked={delayS.value === delay}
              onChange={() => {
                chooseDelay(delay)
              }}
            />
            <span>{delay === 0 ? 'none' : `${delay} s`}</span>
          </label>
        ))}
      </div>
      <DelayNote />
    </fieldset>
  )
}

/** Says that what is shown is not now. */
export function DelayNote() {
  return (
    <p class="delay-note" role="status">
      {delayS.value === 0 ? null : `${delayS.value} s behind, no spoilers`}
    </p>
  )
}
