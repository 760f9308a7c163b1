# One image for every command: `dray master`, `dray agent`, `dray up`, … See README.md, "In a container", for how to run it.
FROM node:20-bookworm-slim AS build
WORKDIR /opt/dray
COPY . .
# `npm ci` compiles through the prepare script; the compiler and the test tools stay behind.
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
# ip, nft, iptables, nsenter, unshare: what an agent makes the node's network with.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends iproute2 nftables iptables conntrack util-linux mount \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/dray/package.json /opt/dray/LICENSE /opt/dray/NOTICE /opt/dray/
COPY --from=build /opt/dray/node_modules /opt/dray/node_modules
COPY --from=build /opt/dray/dist /opt/dray/dist
RUN ln -s /opt/dray/dist/bin/dray.js /usr/local/bin/dray
ENV NODE_ENV=production
ENTRYPOINT ["dray"]
CMD ["--help"]
