# The gateway alone: no engine inside, not root, no development issuer. Engines are settings: DATABASE_URL, OPENFGA_API_URL,
# CERBOS_TARGET (docs/configuration.md). test/deployment/ runs these steps in an empty folder.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The engines and Node itself are the optional packages.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
ENV HOST=0.0.0.0
ENV PORT=8080
# Used only where BAILIWICK_SECRET is not set, which production requires.
ENV STATE_DIR=/tmp/bailiwick
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json openapi.yaml ./
COPY docs/api.html docs/api.css ./docs/
COPY policies ./policies
COPY src ./src
USER 1000:1000
EXPOSE 8080
# Alive, not ready: whoever ends unhealthy containers must not end a gateway whose engine is away for a moment.
HEALTHCHECK --interval=5s --timeout=3s --start-period=90s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
