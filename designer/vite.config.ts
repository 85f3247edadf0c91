import { defineConfig } from "vitest/config";

const entries = {
  app: "src/app.ts",
  chart: "src/chart.ts",
  dashboard: "src/dashboard.ts",
  style: "src/app.css",
  design: "src/design/main.tsx",
  design_style: "src/design.css",
};

export default defineConfig(({ isSsrBuild }) => ({
  // Relative addresses: the pages may be served below any prefix.
  base: "./",
  publicDir: false,
  build: {
    outDir: "../headrace/static/build",
    emptyOutDir: true,
    // The server reads .vite/manifest.json to name the hashed files.
    manifest: !isSsrBuild,
    target: "es2022",
    // The Content-Security-Policy allows no inline assets and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    ...(isSsrBuild ? {} : { rolldownOptions: { input: entries } }),
  },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
    // A machine that is busy with other work is no fault of what is tested.
    testTimeout: 120_000,
  },
}));
