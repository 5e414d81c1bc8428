# image = "no:1"
job "shop" {
  datacenters = ["dc1"]
  group "web" {
    task "server" {
      driver = "docker"
      config {
        image = "registry.example.com/shop/server:1.4.2" // ours
        args  = ["-image", "no:1"]
        /* image = "no:1" */
        labels { image = "no:1" }
      }
      template {
        data        = <<-EOT
          config { image = "no:1" }
          EOT
        destination = "local/app.env"
      }
      env { image = "no:1" }
    }
    task "cache" {
      driver = "podman"
      config { image = "docker.io/library/redis:7.2" }
    }
    task "built" {
      driver = "docker"
      config { image = "shop/built:${var.version}" }
    }
  }
}
