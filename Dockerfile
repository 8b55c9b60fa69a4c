# Two images from one build: `frontdesk` (the default) and `upstream-mocks` (`--target upstream-mocks`).
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p frontdesk -p upstream-mocks

# No shell, no package manager; libc, CA certificates and time zones are there.
FROM gcr.io/distroless/cc-debian12 AS upstream-mocks
COPY --from=build /src/target/release/upstream-mocks /usr/local/bin/
USER 65532:65532
EXPOSE 7000-7009
HEALTHCHECK --interval=5s --timeout=3s --retries=5 \
    CMD ["/usr/local/bin/upstream-mocks", "healthcheck", "http://127.0.0.1:7000/health"]
ENTRYPOINT ["/usr/local/bin/upstream-mocks"]
CMD ["--listen", "0.0.0.0"]

# Mount a config at /etc/frontdesk. It has to listen on 0.0.0.0 to be reached from outside.
FROM gcr.io/distroless/cc-debian12 AS frontdesk
COPY --from=build /src/target/release/frontdesk /usr/local/bin/
ENV FRONTDESK_CONFIG=/etc/frontdesk
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --retries=5 \
    CMD ["/usr/local/bin/frontdesk", "health", "http://127.0.0.1:9090/readyz"]
ENTRYPOINT ["/usr/local/bin/frontdesk"]
CMD ["serve"]
