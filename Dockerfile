# lenet's service. The container's address is open to whoever reaches its port: publish it on loopback, or give a token.
#   docker build -t lenet . && docker run --rm --read-only -p 127.0.0.1:8000:8000 lenet
FROM python:3.12-slim AS build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source

FROM python:3.12-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-compile "$(echo /wheels/lenet-*.whl)[serve]" && useradd --create-home --uid 10001 lenet
USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health')"]
ENTRYPOINT ["lenet", "serve", "--host", "0.0.0.0", "--port", "8000", "--no-open"]
