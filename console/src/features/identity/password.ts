/** The rule of the server for passwords, said before it has to refuse: null, or the sentence. */
export function passwordProblem(password: string): string | null {
  if (password.length < 8) return "Use at least 8 characters.";
  if (!/[A-Za-z]/.test(password) || !/\d/.test(password)) return "Use letters and digits.";
  return null;
}
