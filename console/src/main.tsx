import "@/shared/styles/tokens.css";
import "@/shared/styles/base.css";
import "@/shared/styles/controls.css";
import "@/shared/styles/choices.css";
import "@/shared/styles/parts.css";
import "@/shared/styles/lists.css";
import "@/shared/styles/states.css";
import "@/shared/styles/overlays.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/app";
import { applyTheme, storedTheme } from "@/shared/ui/theme";

applyTheme(storedTheme());
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
