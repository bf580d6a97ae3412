/** Whether a name shows something, and turns no text around it: spaces, what has no width, and marks alone are no name, and an override makes one look like another. */
export function isVisible(text: string): boolean {
  return /[^\s\p{Cf}\p{M}\u115f\u1160\u2800\u3164\uffa0]/u.test(text) && !/[\u202a-\u202e\u2066-\u2069]/u.test(text)
}
