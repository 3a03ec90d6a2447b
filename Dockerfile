# The image holds the program, which has the time zones in it, the certificates of
# the authorities, an empty folder for the record and one for the temporary record of
# the sandbox, and nothing else: no shell, no user but a number. Its root may be
# mounted read-only.
#
#   docker build --build-arg VERSION=v1.0.0 --build-arg COMMIT="$(git rev-parse HEAD)" -t factorbot .
#   docker run --rm -p 127.0.0.1:8025:8025 factorbot sandbox --container

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY bot bot
COPY okta okta
COPY store store
ARG VERSION=""
ARG COMMIT=""
# HTTP/2 is left out, half a megabyte: Okta is spoken to by HTTP/1.1 anyway, so that
# one broken connection does not put every call in doubt.
RUN CGO_ENABLED=0 go build -tags nethttpomithttp2 -trimpath -buildvcs=false -ldflags="-s -w -buildid= -X factorbot/cmd/internal/cli.linkedVersion=${VERSION} -X factorbot/cmd/internal/cli.linkedCommit=${COMMIT}" -o /out/factorbot ./cmd/factorbot
RUN mkdir -p /out/record /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/factorbot /factorbot
COPY --from=build --chown=65532:65532 /out/record /var/lib/factorbot
COPY --from=build --chown=65532:65532 /out/tmp /tmp
ENV FACTORBOT_DB=/var/lib/factorbot/factorbot.db
USER 65532:65532
VOLUME /var/lib/factorbot
EXPOSE 8090
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s CMD ["/factorbot", "health"]
ENTRYPOINT ["/factorbot"]
CMD ["run"]
