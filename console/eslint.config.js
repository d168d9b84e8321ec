import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const seal = "Cinnabar means that a person is needed now: use <Seal>.";
const cinnabar = [
  { selector: "Literal[value=/B5342B|F0897A|--cinnabar(?!-)/i]", message: seal },
  { selector: "TemplateElement[value.raw=/B5342B|F0897A|--cinnabar(?!-)/i]", message: seal },
  { selector: "MemberExpression[property.name='cinnabar']", message: seal },
];

export default tseslint.config(
  { ignores: ["node_modules", "src/api/schema.d.ts"] },
  ...tseslint.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "no-restricted-syntax": ["error", ...cinnabar],
      "no-restricted-imports": ["error", { paths: [{ name: "echarts", message: "Use parts/Chart, which loads charts lazily." }, { name: "antd", importNames: ["List"], message: "Deprecated in antd 6." }] }],
      "react-hooks/purity": "off", // words such as "3 minutes ago" read the clock when they are drawn
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  { files: ["src/theme.ts", "src/theme.test.ts", "src/parts/Seal.tsx"], rules: { "no-restricted-syntax": "off" } },
  { files: ["src/parts/echarts.ts"], rules: { "react-hooks/rules-of-hooks": "off" } }, // its `use` is no hook
  { files: ["src/**/*.test.tsx"], rules: { "react-hooks/globals": "off" } }, // a test looks at what was drawn
);
