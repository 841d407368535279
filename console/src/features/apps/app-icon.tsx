import type { App } from "@/shared/api/types";
import { Icon } from "@/shared/ui/icon";

/** The app's emoji on its own colour, else a plain mark of its mode. */
export function AppIcon({ app }: { app: App }) {
  const emoji = app.icon && app.icon_type !== "image" && /\p{Extended_Pictographic}/u.test(app.icon) ? app.icon : null;
  const colour = app.icon_background && /^#[0-9a-f]{3,8}$/i.test(app.icon_background) ? app.icon_background : undefined;
  return (
    <span className="tile" aria-hidden="true" style={emoji && colour ? { background: `light-dark(color-mix(in srgb, ${colour} 60%, var(--accent-soft)), color-mix(in srgb, ${colour} 10%, var(--accent-soft)))` } : undefined}>
      {emoji ?? <Icon name={app.mode === "chat" ? "chat" : "text"} size={19} />}
    </span>
  );
}

export const MODE_NAMES: Record<string, string> = { chat: "Chat", completion: "Completion" };
