import { basename } from "node:path";
import { defineConfig } from "eslint/config";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const FEATURES = ["identity", "knowledge", "apps", "chat", "providers", "operate"];

/** File names are kebab-case, as everywhere in the console. */
const house = {
  rules: {
    "kebab-file-name": {
      meta: { type: "suggestion", schema: [] },
      create: (context) => ({
        Program(node) {
          const name = basename(context.filename);
          if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d|config))*\.(tsx?|js|mjs)$/.test(name)) {
            context.report({ node, message: `File name "${name}" is not kebab-case.` });
          }
        },
      }),
    },
  },
};

/** Imports go one way, app → features → shared, and never from one feature to another. */
function forbid(files, groups) {
  return {
    files,
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "^\\.\\./", message: "Leave the folder by its full name (@/...), so that the direction is seen." },
            ...groups.map((regex) => ({ regex, message: "Imports go app → features → shared, never back or sideways." })),
          ],
        },
      ],
    },
  };
}

export default defineConfig(
  { ignores: ["node_modules", "dist"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strict],
    plugins: { "react-hooks": hooks },
    rules: { ...hooks.configs.recommended.rules },
  },
  {
    files: ["**/*.{ts,tsx,js,mjs}"],
    plugins: { house },
    rules: {
      "house/kebab-file-name": "error",
      "max-lines": ["error", { max: 300 }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  { files: ["mock/**", "*.config.*"], rules: { "no-console": "off" } },
  forbid(["src/shared/**"], ["^@/(app|features)/"]),
  ...FEATURES.map((feature) =>
    forbid([`src/features/${feature}/**`], ["^@/app/", `^@/features/(?!${feature}/)`]),
  ),
  forbid(["src/app/**"], []),
);
