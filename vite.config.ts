import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  publicDir: false,
  build: {
    outDir: "src/lianfang/web/static/lianfang/dist",
    emptyOutDir: true,
    manifest: true,
    rollupOptions: { input: ["src/lianfang/web/assets/main.ts"] },
  },
});
