import { useState } from "react";
import { IconButton } from "@/shared/ui/button";

export type Theme = "system" | "light" | "dark";
const KEY = "homeport-theme";

export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system";
  }
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset["theme"] = theme;
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const ICON = { system: "screen", light: "sun", dark: "moon" } as const;

/** Goes round: as the system, light, dark. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(storedTheme);
  function turn() {
    const next = NEXT[theme];
    setTheme(next);
    applyTheme(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Storage is blocked: the choice lasts until the page is closed.
    }
  }
  return <IconButton icon={ICON[theme]} label={`Theme: ${theme}. Switch to ${NEXT[theme]}`} onClick={turn} />;
}
