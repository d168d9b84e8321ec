import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const desk = process.env.GUANXI_DESK ?? "http://127.0.0.1:8600";

export default defineConfig({
  plugins: [react(), gzipped()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  server: { port: 8610, strictPort: true, proxy: { "/v1": desk, "/openapi.json": desk } },
  build: {
    outDir: "../src/guanxi/api/console",
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    reportCompressedSize: false,
  },
  test: {
    css: false, pool: "threads", isolate: false, maxWorkers: 2, testTimeout: 30_000, setupFiles: ["src/test/setup.ts"],
    projects: [
      { extends: true, test: { name: "plain", environment: "node", include: ["src/**/*.test.ts"] } },
      { extends: true, test: { name: "drawn", environment: "jsdom", include: ["src/**/*.test.tsx"] } },
    ],
  },
});

/** Writes `.gz` beside each text asset, so that the desk never compresses while it serves. */
function gzipped(): Plugin {
  return {
    name: "guanxi-gzip",
    apply: "build",
    async writeBundle({ dir }, bundle) {
      // From the disk: Vite still rewrites the code of chunks after generateBundle.
      for (const name of Object.keys(bundle).filter((one) => /^assets\/.*\.(js|css|svg|json)$/.test(one))) {
        const file = join(dir ?? "", name);
        await writeFile(`${file}.gz`, await promisify(gzip)(await readFile(file), { level: 9 }));
      }
    },
  };
}
