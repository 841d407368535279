const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["minute", 60],
  ["hour", 3600],
  ["day", 86400],
  ["week", 604800],
];

/** "3 hours ago" for a unix time in seconds; a date once it lies more than four weeks back. */
export function ago(seconds: number | null | undefined, now: number = Date.now() / 1000): string {
  if (!seconds) return "never";
  const age = now - seconds;
  if (age < 45) return "just now";
  if (age > 28 * 86400) return new Date(seconds * 1000).toLocaleDateString("en", { dateStyle: "medium" });
  const [unit, size] = STEPS.findLast(([, length]) => age >= length * 0.95) ?? ["minute", 60];
  return RELATIVE.format(-Math.max(1, Math.round(age / size)), unit);
}

export function fullTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}
