# docker buildx bake: the images that take the place of names in Dockerfiles
variable "TAG" { default = "docker-image-1" }

group "default" {
  targets = ["web", "api"]
}

target "base" {
  dockerfile = "base.Dockerfile"
}

target "web" {
  contexts = {
    base   = "target:base"
    alpine = "docker-image://alpine:3.20" // ours
    "docker.io/library/node:22" = "docker-image://registry.example.com/mirror/node:22.9-slim"
    src    = "./src"
    other  = "docker-image://nginx:${TAG}"
  }
  args = {
    VERSION    = "nginx:1.27"
    BASE_IMAGE = "debian:12"
  }
  tags = ["registry.example.com/shop/web:1.0"]
}

target "api" {
  inherits = ["web"]
  contexts = { golang = "docker-image://golang:1.23@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
}
